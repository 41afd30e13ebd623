import FoundationEssentials
import Glibc

/// A small Debian made of the machine's own: some packages, all that they depend on, and the files that they installed.
/// It needs no mirror, so images can be built from it without a network.
struct InstalledDebian {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// One wholly installed package of dpkg's database (deb-control(5)).
    private struct Package {
        var name = ""
        var architecture = ""
        var isRequired = false
        var provides: [String] = []
        /// All of these, of each any.
        var needs: [[String]] = []
        var stanza: Substring

        init?(_ stanza: Substring) {
            self.stanza = stanza
            var isInstalled = false
            for line in stanza.split(separator: "\n") {
                guard let colon = line.firstIndex(of: ":"), line.first != " " else { continue }
                let value = line[line.index(after: colon)...]
                switch line[..<colon] {
                case "Package": name = Self.name(value)
                case "Status": isInstalled = value == " install ok installed"
                case "Architecture": architecture = Self.name(value)
                case "Essential": isRequired = isRequired || value == " yes"
                case "Priority": isRequired = isRequired || value == " required"
                case "Provides": provides = value.split(separator: ",").map(Self.name)
                case "Depends", "Pre-Depends":
                    needs += value.split(separator: ",").map { $0.split(separator: "|").map(Self.name) }
                default: break
                }
            }
            guard isInstalled else { return nil }
        }

        /// Without a version or an architecture.
        private static func name(_ text: Substring) -> String {
            String(text.drop { $0 == " " }.prefix { !" (:[".contains($0) })
        }
    }

    private static let database = "/var/lib/dpkg"
    /// What programs do without, and what a desktop alone shows.
    private static let leftOut = [
        "/usr/share/doc/", "/usr/share/man/", "/usr/share/info/", "/usr/share/locale/", "/usr/share/lintian/",
        "/usr/share/icons/",
    ]

    /// dpkg's database of these packages alone.
    let status: String
    /// Files, links and folders, without the slash before them.
    let paths: [String]

    /// Throws where the machine lacks one of them.
    init(_ names: [String]) throws {
        let text = try String(contentsOfFile: "\(Self.database)/status", encoding: .utf8)
        let all = text.split(separator: "\n\n").compactMap { Package($0) }
        let own = all.first { $0.name == "dpkg" }?.architecture
        let native = all.filter { $0.architecture == "all" || $0.architecture == own }
        let chosen = try Self.closure(of: names, in: native)
        status = chosen.map { $0.stanza + "\n\n" }.joined()
        paths = try Self.paths(of: chosen)
    }

    private static func closure(of names: [String], in installed: [Package]) throws -> [Package] {
        let byName = Dictionary(installed.map { ($0.name, $0) }) { first, _ in first }
        var provider: [String: String] = [:]
        for package in installed {
            for name in package.provides where provider[name] == nil { provider[name] = package.name }
        }
        func installedName(_ name: String) -> String? { byName[name] == nil ? provider[name] : name }

        var found: [String: Package] = [:]
        var waiting = installed.filter(\.isRequired).map { [$0.name] } + (["apt"] + names).map { [$0] }
        while let alternatives = waiting.popLast() {
            guard let name = alternatives.lazy.compactMap(installedName).first, let package = byName[name] else {
                throw Missing(
                    description: "of the package \(alternatives.joined(separator: " | ")) nothing is installed")
            }
            if found.updateValue(package, forKey: name) == nil { waiting += package.needs }
        }
        return found.values.sorted { $0.name < $1.name }
    }

    private static func paths(of packages: [Package]) throws -> [String] {
        var result: Set<String> = []
        var folders: [String: String] = [:]
        for package in packages {
            let lists = ["\(package.name):\(package.architecture)", package.name]
                .map { "\(database)/info/\($0).list" }
            guard let list = lists.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
                throw Missing(description: "dpkg has no list of the files of \(package.name)")
            }
            for line in try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n") {
                guard !leftOut.contains(where: { line.hasPrefix($0) }), let slash = line.lastIndex(of: "/") else {
                    continue
                }
                // Lists say /bin/sh where /bin is a link to /usr/bin.
                let folder = String(line[..<slash])
                let real = folders[folder] ?? resolved(folder)
                folders[folder] = real
                result.insert(real + line[slash...])
            }
        }
        var information = stat()
        // A machine may leave out what it does not want, such as translations (dpkg(1), path-exclude).
        return (result.union(alternatives(within: result)).filter { $0 != "/." && lstat($0, &information) == 0 })
            .map { String($0.dropFirst()) }.sorted()
    }

    /// Links such as /usr/bin/awk, which no package lists (update-alternatives(1)), to files that are among these.
    private static func alternatives(within paths: Set<String>) -> [String] {
        let folder = "/etc/alternatives"
        // Without the folder there are none.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.flatMap { name -> [String] in
            // A link that cannot be read names no file.
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
                paths.contains(target),
                // Without a record nothing says where the link to it is.
                let record = try? String(contentsOfFile: "\(database)/alternatives/\(name)", encoding: .utf8),
                let link = record.split(separator: "\n").dropFirst().first
            else { return [] }
            return ["\(folder)/\(name)", String(link)]
        }
    }

    private static func resolved(_ folder: String) -> String {
        guard !folder.isEmpty, let real = realpath(folder, nil) else { return folder }
        defer { free(real) }
        return String(cString: real)
    }
}
