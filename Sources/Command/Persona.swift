import ArgumentParser
import CLinux
import Glibc
import Server

@main
enum Persona {
    static func main() async {
        // A peer that goes away must be an error of one call, not the end of the process (hiredis and libcurl write).
        signal(SIGPIPE, SIG_IGN)
        persona_print_by_line()
        await PersonaCommand.main()
    }
}
