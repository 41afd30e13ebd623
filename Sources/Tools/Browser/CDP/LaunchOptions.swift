import Glibc

/// How Chromium is started.
package struct LaunchOptions: Sendable, Hashable {
    /// Absolute path; `nil` looks for `executableNames` in `PATH`.
    package var executable: String?
    /// `host:port` of an HTTP proxy that every request takes, loopback included; `nil` connects directly.
    package var proxy: String?
    /// Switches Chromium's own sandbox off. Needed where user namespaces are refused: as root outside of one, and under
    /// Docker's default seccomp profile. The container or bubblewrap around it is the sandbox then.
    package var withoutSandbox: Bool
    /// Where the private profile directory is made.
    package var temporaryDirectory: String
    /// Size of the window in CSS pixels.
    package var viewport: Viewport

    package init(
        executable: String? = nil, proxy: String? = nil, withoutSandbox: Bool = false,
        temporaryDirectory: String = "/tmp", viewport: Viewport = Viewport(width: 1280, height: 800)
    ) {
        self.executable = executable
        self.proxy = proxy
        self.withoutSandbox = withoutSandbox
        self.temporaryDirectory = temporaryDirectory
        self.viewport = viewport
    }

    /// Names tried in `PATH`, in this order.
    package static let executableNames = ["chromium", "chromium-browser", "google-chrome"]
}

/// A window's size in CSS pixels.
package struct Viewport: Sendable, Hashable {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

extension LaunchOptions {
    /// The executable to start; throws `executableMissing` saying where it was looked for.
    func locatedExecutable() throws(BrowserError) -> String {
        if let executable {
            guard access(executable, X_OK) == 0 else {
                throw BrowserError(.executableMissing, "'\(executable)' is not an executable file.")
            }
            return executable
        }
        let folders = (environmentValue("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        for name in Self.executableNames {
            for folder in folders where access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
        }
        let names = Self.executableNames.joined(separator: ", ")
        throw BrowserError(
            .executableMissing, "None of \(names) is in PATH. On Debian, 'apt-get install chromium' brings it.")
    }

    /// Arguments after the executable's name.
    func arguments(profile: String) -> [String] {
        var arguments = Self.fixedArguments
        arguments.append("--user-data-dir=\(profile)")
        arguments.append("--window-size=\(viewport.width),\(viewport.height)")
        if withoutSandbox { arguments.append("--no-sandbox") }
        if let proxy {
            arguments.append("--proxy-server=http://\(proxy)")
            // Without it Chromium goes around the proxy for loopback and link-local addresses.
            arguments.append("--proxy-bypass-list=<-loopback>")
        }
        return arguments
    }

    /// A private environment: nothing of ours, secrets least of all, reaches Chromium.
    func environment(profile: String) -> [String] {
        var environment = [
            "PATH=\(environmentValue("PATH") ?? "/usr/local/bin:/usr/bin:/bin")",
            "HOME=\(profile)", "XDG_CONFIG_HOME=\(profile)", "XDG_CACHE_HOME=\(profile)", "TMPDIR=\(profile)",
            "LANG=C.UTF-8", "DBUS_SESSION_BUS_ADDRESS=disabled:", "DBUS_SYSTEM_BUS_ADDRESS=disabled:",
        ]
        if let zone = environmentValue("TZ") { environment.append("TZ=\(zone)") }
        return environment
    }

    private func environmentValue(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Quiet: no start page, no updates, no reports, no prompts. Safe: no extensions, no new windows, no UDP that
    /// would go around the proxy.
    private static let fixedArguments = [
        "--headless=new", "--remote-debugging-pipe", "--no-startup-window", "--no-first-run",
        "--no-default-browser-check", "--no-service-autorun", "--no-pings", "--noerrdialogs", "--mute-audio",
        "--hide-scrollbars", "--lang=en-US", "--force-color-profile=srgb", "--password-store=basic",
        "--use-mock-keychain", "--log-level=3", "--disable-background-networking", "--disable-breakpad",
        "--disable-client-side-phishing-detection", "--disable-component-extensions-with-background-pages",
        "--disable-component-update", "--disable-crash-reporter", "--disable-default-apps",
        "--disable-dev-shm-usage", "--disable-domain-reliability", "--disable-extensions", "--disable-gpu",
        "--disable-hang-monitor", "--disable-notifications", "--disable-prompt-on-repost", "--disable-quic",
        "--disable-renderer-backgrounding", "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows", "--disable-search-engine-choice-screen", "--disable-sync",
        "--deny-permission-prompts", "--block-new-web-contents", "--dns-prefetch-disable",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--metrics-recording-only",
        "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,DialMediaRouteProvider,"
            + "CertificateTransparencyComponentUpdater,InterestFeedContentSuggestions,GlobalMediaControls,"
            + "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
    ]
}
