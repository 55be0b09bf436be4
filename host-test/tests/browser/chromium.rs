//! A headless Chromium with a profile of its own.

use std::{path::Path, time::Duration};

use fantoccini::{
    Client, ClientBuilder, Locator,
    cookies::Cookie,
    elements::Element,
    error::CmdError,
    wd::{Capabilities, WindowHandle},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    runtime::{self, Runtime},
    time::timeout,
};

use crate::chromedriver::Chromedriver;

/// A command that takes longer hangs.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// How long a page may take to become what a test waits for, and how often that is looked at.
const WAIT_LIMIT: Duration = Duration::from_secs(30);
const WAIT_PAUSE: Duration = Duration::from_millis(20);

/// A browser. Its methods block, and fail the test where something goes wrong. Dropped, it ends and leaves nothing behind.
pub(crate) struct Browser {
    // In this order they are dropped: the profile goes when nobody writes to it any more.
    client: Client,
    runtime: Runtime,
    driver: Chromedriver,
    profile: TempDir,
}

impl Browser {
    /// Starts one that has never been anywhere.
    pub(crate) fn start() -> Self {
        let profile = tempfile::Builder::new().prefix("chromium-").tempdir().expect("a folder for the profile");
        let driver = Chromedriver::start().unwrap_or_else(|error| panic!("{error:#}"));
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(connect(&driver, &profile));
        Self { client, runtime, driver, profile }
    }

    /// Closes it, and starts it again with the same profile.
    pub(crate) fn restart(&mut self) {
        self.run(self.client.clone().close());
        self.client = self.runtime.block_on(connect(&self.driver, &self.profile));
    }

    /// The folder of its profile.
    pub(crate) fn profile(&self) -> &Path {
        self.profile.path()
    }

    /// What drives it.
    pub(crate) fn driver(&self) -> &Chromedriver {
        &self.driver
    }

    /// Goes to an address.
    pub(crate) fn open(&self, url: &str) {
        self.run(self.client.goto(url));
    }

    /// The tab that the other methods speak to.
    pub(crate) fn tab(&self) -> WindowHandle {
        self.run(self.client.window())
    }

    /// Opens another tab, and speaks to that one from now on.
    pub(crate) fn open_tab(&self) -> WindowHandle {
        let tab = self.run(self.client.new_window(true)).handle;
        self.switch_to(&tab);
        tab
    }

    /// Speaks to this tab from now on.
    pub(crate) fn switch_to(&self, tab: &WindowHandle) {
        self.run(self.client.switch_to_window(tab.clone()));
    }

    /// Waits until there is an element for this CSS selector.
    pub(crate) fn wait_for(&self, selector: &str) -> Element {
        let wait = self.client.wait().at_most(WAIT_LIMIT).every(WAIT_PAUSE);
        self.run(async {
            match wait.for_element(Locator::Css(selector)).await {
                Err(CmdError::WaitTimeout) => {
                    panic!("no {selector} within {WAIT_LIMIT:?}:\n{}", self.client.source().await?)
                }
                found => found,
            }
        })
    }

    /// Clicks on the element that this CSS selector finds first.
    pub(crate) fn click(&self, selector: &str) {
        self.run(async { self.client.find(Locator::Css(selector)).await?.click().await });
    }

    /// Types into a field.
    pub(crate) fn enter(&self, selector: &str, text: &str) {
        self.run(async {
            let field = self.client.find(Locator::Css(selector)).await?;
            field.clear().await?;
            field.send_keys(text).await
        });
    }

    /// The text that can be seen of an element; empty where it is hidden.
    pub(crate) fn text(&self, selector: &str) -> String {
        self.run(async { self.client.find(Locator::Css(selector)).await?.text().await })
    }

    /// The page as it stands, in HTML.
    pub(crate) fn source(&self) -> String {
        self.run(self.client.source())
    }

    /// Runs a function's body in the page, and returns what it returns.
    pub(crate) fn execute(&self, script: &str) -> Value {
        self.run(self.client.execute(script, Vec::new()))
    }

    /// Runs an expression in the page that is a promise, and returns what that comes to.
    pub(crate) fn resolve(&self, promise: &str) -> Value {
        let script =
            format!("const done = arguments[0]; Promise.resolve({promise}).then(done, (e) => done(String(e)))");
        self.run(self.client.execute_async(&script, Vec::new()))
    }

    /// The cookies that the open page's server gets, those included that no script sees.
    pub(crate) fn cookies(&self) -> Vec<Cookie<'static>> {
        self.run(self.client.get_all_cookies())
    }

    /// Gives it a cookie, of the open page's server.
    pub(crate) fn add_cookie(&self, cookie: Cookie<'static>) {
        self.run(self.client.add_cookie(cookie));
    }

    #[track_caller]
    fn run<T>(&self, command: impl Future<Output = Result<T, CmdError>>) -> T {
        match self.runtime.block_on(async { timeout(COMMAND_LIMIT, command).await }) {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => panic!("the browser: {error}"),
            Err(_) => panic!("the browser did not answer within {COMMAND_LIMIT:?}"),
        }
    }
}

async fn connect(driver: &Chromedriver, profile: &TempDir) -> Client {
    let connecting = async {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(profile)).connect(&driver.url()).await
    };
    match timeout(COMMAND_LIMIT, connecting).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => panic!("Chromium could not be started: {error}"),
        Err(_) => panic!("Chromium was not there within {COMMAND_LIMIT:?}"),
    }
}

/// A browser without a screen that asks nothing of anybody but us.
fn capabilities(profile: &TempDir) -> Capabilities {
    let profile = format!("--user-data-dir={}", profile.path().display());
    let arguments = [
        &profile,
        "--headless",
        // Tests run as root too, where its sandbox doesn't.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
    ];
    let mut capabilities = Capabilities::new();
    capabilities.insert("browserName".to_owned(), json!("chrome"));
    capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
    capabilities
}
