"""Why a call on a session failed: a class for each error of the contract, and what each means stands there."""


class SessionError(Exception):
    """Any of them. `name` is the contract's, `detail` what it carries: a field's name, a limit, a reason, or None."""

    name: str

    def __init__(self, detail=None):
        super().__init__(self.name if detail is None else f"{self.name}: {detail}")
        self.detail = detail


class Gone(SessionError):
    name = "gone"


class Rotated(SessionError):
    name = "rotated"


class NotANumber(SessionError):
    name = "not-a-number"


class Overflow(SessionError):
    name = "overflow"


class InvalidArgument(SessionError):
    name = "invalid-argument"


class TooLarge(SessionError):
    name = "too-large"


class Corrupt(SessionError):
    name = "corrupt"


class WrongType(SessionError):
    name = "wrong-type"


class Denied(SessionError):
    name = "denied"


class Unavailable(SessionError):
    name = "unavailable"


class Busy(SessionError):
    name = "busy"


class TooLate(SessionError):
    name = "too-late"


class OutcomeUnknown(SessionError):
    name = "outcome-unknown"


class NotReplicated(SessionError):
    name = "not-replicated"


class Unsupported(SessionError):
    name = "unsupported"


class Server(SessionError):
    name = "server"


class Protocol(SessionError):
    name = "protocol"


class Other(SessionError):
    name = "other"


BY_NAME = {error.name: error for error in SessionError.__subclasses__()}
