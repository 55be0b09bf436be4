// What the host gives: environment variables.

import { getEnvironment } from "wasi:cli/environment@0.2.10";

export const redisUrl = () => new Map(getEnvironment()).get("REDIS_URL") ?? "redis://127.0.0.1:6379";
