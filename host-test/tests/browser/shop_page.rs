//! What a visitor does on the shop's page.

use fantoccini::cookies::Cookie;

use crate::chromium::Browser;

/// A browser on the shop's page. Every method returns when the page has done what it was told, unless it says otherwise.
impl Browser {
    /// Opens the shop, or opens it again.
    pub(crate) fn visit(&self, shop: &str) {
        self.open(shop);
        self.settle();
    }

    pub(crate) fn sign_in(&self, user: &str) {
        self.enter("#user", user);
        self.click("#login button");
        self.settle();
        assert_eq!(self.text("#who"), user, "{}", self.text("main"));
    }

    pub(crate) fn sign_out(&self) {
        self.click("#logout button");
        self.settle();
        assert_eq!(self.text("#who"), "a guest", "{}", self.text("main"));
    }

    pub(crate) fn add(&self, item: &str) {
        self.begin_to_add(item);
        self.settle();
    }

    /// Clicks, and waits for nothing.
    pub(crate) fn begin_to_add(&self, item: &str) {
        self.click(&format!("button[data-item='{item}']"));
    }

    /// Whether the page still waits for an answer.
    pub(crate) fn is_busy(&self) -> bool {
        self.execute("return document.querySelector('main').ariaBusy") == "true"
    }

    /// Waits until the page waits for nothing more.
    pub(crate) fn settle(&self) {
        self.wait_for("main[aria-busy='false']");
    }

    /// Who the page says one is, how many visits it has counted, and how many items it shows in the basket.
    pub(crate) fn shows(&self) -> (String, String, String) {
        (self.text("#who"), self.text("#visits"), self.text("#count"))
    }

    /// The cookie with the session's id, where there is one; there is never another.
    pub(crate) fn session_cookie(&self) -> Option<Cookie<'static>> {
        let mut cookies = self.cookies();
        assert!(cookies.len() <= 1, "more cookies than one: {}", cookies.len());
        cookies.pop()
    }

    /// The session's id.
    pub(crate) fn id(&self) -> String {
        self.session_cookie().expect("a cookie").value().to_owned()
    }
}
