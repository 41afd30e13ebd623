import API
import HTTPTypes
import Testing

@Suite(.timeLimit(.minutes(10))) struct DashboardFileTests {
    private static let folder = Repository.folder("Dashboard")

    private func endpoints() throws -> [Endpoint] { try DashboardFiles.endpoints(directory: Self.folder) }

    @Test func onlyFilesOfTheFolderHaveARoute() throws {
        let paths = Set(try endpoints().map(\.path))
        #expect(paths.isSuperset(of: ["/", "/dashboard/app/main.js", "/dashboard/styles/base.css"]))
        #expect(paths.allSatisfy { $0 == "/" || $0.hasPrefix("/dashboard/") })
        #expect(paths.allSatisfy { !$0.contains("..") && !$0.contains("{") })
    }

    @Test func everyFileIsOpenToAllAndRead() throws {
        for endpoint in try endpoints() {
            #expect(endpoint.access == .anonymous)
            #expect(endpoint.method == .get)
        }
    }

    @Test func linksAndHiddenFilesAndOtherTypesAreLeftOut() throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("index.html", "<!doctype html>")
        try folder.write(".secret.js", "1")
        try folder.write("notes.txt", "1")
        try folder.link("passwd.js", to: "/etc/passwd")
        let paths = try DashboardFiles.endpoints(directory: folder.path).map(\.path)
        #expect(paths == ["/"])
    }

    @Test func aFolderThatCannotBeServedIsNamed() throws {
        #expect(throws: DashboardError.unreadable("/nowhere")) {
            try DashboardFiles.endpoints(directory: "/nowhere")
        }
        let folder = try Folder()
        defer { folder.remove() }
        #expect(throws: DashboardError.noIndex(folder.path)) {
            try DashboardFiles.endpoints(directory: folder.path)
        }
        try folder.write("index.html", String(repeating: " ", count: 1024 * 1024 + 1))
        #expect(throws: DashboardError.tooLarge(folder.path + "/index.html")) {
            try DashboardFiles.endpoints(directory: folder.path)
        }
    }
}
