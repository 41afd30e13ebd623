#ifndef PERSONA_CLINUX_SHIM_H
#define PERSONA_CLINUX_SHIM_H

#include <linux/openat2.h>
#include <linux/prctl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

// syscall(2) is variadic and glibc wraps few of these, so Swift reaches them through functions. No header that needs
// _GNU_SOURCE is included: its types would differ from those of Swift's own Glibc module.

static inline int persona_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = 0, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}
// renameat2(2); RENAME_NOREPLACE is 1.
static inline int persona_rename(int source, const char *from, int target, const char *to, unsigned flags) {
    return (int)syscall(SYS_renameat2, source, from, target, to, flags);
}
static inline int persona_pidfd_open(int pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}
// Accepted sockets are non-blocking and closed on exec (asm-generic values of SOCK_NONBLOCK and SOCK_CLOEXEC).
static inline int persona_accept(int listener) {
    return (int)syscall(SYS_accept4, listener, NULL, NULL, 04000 | 02000000);
}
static inline int persona_pipe(int *ends, int flags) {
    return (int)syscall(SYS_pipe2, ends, flags);
}
static inline void persona_name_thread(const char *name) {
    syscall(SYS_prctl, PR_SET_NAME, name, 0, 0, 0);
}

// struct ucred and SO_PEERCRED (17 of SOL_SOCKET, 1): GNU extensions that Swift's importer does not see.
static inline int persona_peer_user(int socket, uint32_t *user) {
    struct { int32_t pid; uint32_t uid; uint32_t gid; } credentials = {0, 0, 0};
    uint32_t size = sizeof credentials;
    int result = (int)syscall(SYS_getsockopt, socket, 1, 17, &credentials, &size);
    *user = credentials.uid;
    return result;
}

// posix_spawn_file_actions_addclosefrom_np of glibc 2.34; `actions` is a posix_spawn_file_actions_t.
int persona_spawn_close_from(void *actions, int from) __asm__("posix_spawn_file_actions_addclosefrom_np");
// posix_spawn_file_actions_addchdir_np of glibc 2.29, likewise.
int persona_spawn_change_to(void *actions, const char *path) __asm__("posix_spawn_file_actions_addchdir_np");

// posix_spawn_file_actions_addfchdir_np of glibc 2.29.
int persona_spawn_change_directory(void *actions, int directory) __asm__("posix_spawn_file_actions_addfchdir_np");

// Lines reach a pipe or a file as they are printed; stdout itself is a variable that Swift 6 does not import.
static inline void persona_print_by_line(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

// O_PATH, another GNU extension.
static const int persona_open_path_only = 010000000;

#endif
