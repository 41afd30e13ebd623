import Embedded
import Glibc

/// Starts all services in a directory, says so and waits to be killed: what the tests of adoption kill.
let directory = try DataDirectory(CommandLine.arguments[1], runtime: CommandLine.arguments[2])
let postgres = try await EmbeddedPostgres.start(in: directory)
let redis = try await EmbeddedRedis.start(in: directory)
let mail = try await MailServer.start(in: directory)
try mail.addUser("ada@example.test", password: "p")
try ServiceDirectory(postgres: postgres, redis: redis, mail: mail).write(in: directory)
let word = Array("ready\n".utf8)
_ = write(STDOUT_FILENO, word, word.count)
while true { pause() }
