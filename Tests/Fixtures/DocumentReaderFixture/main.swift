import Reading

ReaderProcess.serve(Array(CommandLine.arguments.dropFirst()))
