package import CDP

/// The one Chromium of a sandbox: started at the first page, started again after a crash, closed when idle.
package actor SharedBrowser {
    private struct Entry {
        var launch: Task<Browser, any Error>
        var users = 0
        var idle: Task<Void, Never>?
        var generation: Int
    }

    private let options: LaunchOptions
    private let idleLimit: Duration
    /// By proxy; a sandbox has one, so that there is one entry.
    private var entries: [String: Entry] = [:]
    /// Browsers on their way out, by generation.
    private var endings: [Int: Task<Void, Never>] = [:]
    private var generation = 0
    private var isShut = false

    /// A browser takes 0.4 s to start and 400 MB to keep.
    package static let idleLimit = Duration.seconds(60)

    package init(options: LaunchOptions, idleLimit: Duration = SharedBrowser.idleLimit) {
        self.options = options
        self.idleLimit = idleLimit
    }

    /// Lends an isolated context, which is disposed of afterwards. Throws `BrowserError`.
    package func withContext<R: Sendable>(
        proxy: String?, _ body: @Sendable (BrowserContext) async throws -> R
    ) async throws -> R {
        let key = proxy ?? ""
        let (context, lease) = try await open(key)
        do {
            let result = try await body(context)
            await context.dispose()
            release(key, lease)
            return result
        } catch {
            if isFatal(error) { drop(key, lease) }
            await context.dispose()
            release(key, lease)
            throw error
        }
    }

    /// Closes the browser for good; calls in flight fail. Returns once nothing of any browser is left.
    package func shutdown() async {
        isShut = true
        for key in entries.keys { dismiss(key) }
        for ending in endings.values { await ending.value }
    }

    /// Process group of the running browser, for tests and diagnosis.
    package func processGroup(proxy: String? = nil) async -> Int32? {
        // A launch that failed has no process.
        try? await entries[proxy ?? ""]?.launch.value.processGroup
    }

    /// A browser that died since the last call is noticed here and replaced once.
    private func open(_ key: String) async throws -> (BrowserContext, Int) {
        for isLast in [false, true] {
            let (launch, lease) = try acquire(key)
            do {
                return (try await launch.value.newContext(), lease)
            } catch {
                if isFatal(error) { drop(key, lease) }
                release(key, lease)
                let hasDied = (error as? BrowserError)?.code == .exited
                if isLast || !hasDied { throw error }
            }
        }
        throw BrowserError(.exited, "Chromium ended twice in a row.")
    }

    private func acquire(_ key: String) throws -> (Task<Browser, any Error>, Int) {
        guard !isShut else { throw BrowserError(.closed, "The sandbox is shutting down.") }
        var entry = entries[key] ?? start(key)
        entry.idle?.cancel()
        entry.idle = nil
        entry.users += 1
        entries[key] = entry
        return (entry.launch, entry.generation)
    }

    private func start(_ key: String) -> Entry {
        var options = options
        options.proxy = key.isEmpty ? nil : key
        generation += 1
        // Shared by all who wait, so that one caller's cancellation does not end it.
        return Entry(launch: Task { [options] in try await Browser.launch(options) }, generation: generation)
    }

    private func isFatal(_ error: any Error) -> Bool {
        switch (error as? BrowserError)?.code {
        case .exited, .closed, .launchFailed, .executableMissing: true
        default: false
        }
    }

    private func drop(_ key: String, _ lease: Int) {
        guard entries[key]?.generation == lease else { return }
        dismiss(key)
    }

    /// Forgets the browser at once and closes it; `shutdown` waits for the end of that.
    private func dismiss(_ key: String) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        entry.idle?.cancel()
        endings[entry.generation] = Task {
            // A launch that failed has already cleaned up after itself.
            if let browser = try? await entry.launch.value { await browser.close() }
            endings[entry.generation] = nil
        }
    }

    private func release(_ key: String, _ lease: Int) {
        guard var entry = entries[key], entry.generation == lease else { return }
        entry.users -= 1
        if entry.users == 0 {
            entry.idle = Task { [idleLimit] in
                // Cancelled means used again.
                guard (try? await Task.sleep(for: idleLimit)) != nil else { return }
                self.retire(key, lease)
            }
        }
        entries[key] = entry
    }

    private func retire(_ key: String, _ lease: Int) {
        guard let entry = entries[key], entry.generation == lease, entry.users == 0 else { return }
        dismiss(key)
    }
}
