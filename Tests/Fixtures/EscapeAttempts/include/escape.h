#ifndef PERSONA_ESCAPE_H
#define PERSONA_ESCAPE_H

// Attempts of a program inside a sandbox to get out of it or to reach what is not its own. In C, because most of them are
// system calls that glibc does not wrap or whose arguments are wrong on purpose.

// What the test has put outside, to be reached for.
struct persona_outside {
    const char *directory;        // of all personas' files on the host
    const char *socket;           // the path of a listening Unix socket on the host
    const char *abstract_socket;  // the name of a listening abstract Unix socket
    int port;                     // of a TCP listener on the host's 127.0.0.1
    int memory_key;               // of a System V shared memory segment
    int process;                  // a process on the host
};

enum persona_outcome { persona_no_such_attempt = -1, persona_held = 0, persona_out = 1 };

// Makes attempt `number`, counted from 0, in a process of its own, which is ended after some seconds. `name` is static.
enum persona_outcome persona_escape(int number, const struct persona_outside *outside, const char **name);

// Whether the attempt does no harm where it succeeds, so that a test can see it succeed outside of any sandbox.
int persona_escape_is_harmless(int number);

#endif
