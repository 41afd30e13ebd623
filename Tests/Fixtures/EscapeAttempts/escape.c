#define _GNU_SOURCE
#include "escape.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Each attempt says whether it got out.
typedef int (*attempt)(const struct persona_outside *);
#define ATTEMPT(name) static int name(const struct persona_outside *outside)
#define CALL(name, ...) ATTEMPT(name) { (void)outside; return syscall(__VA_ARGS__) >= 0; }

static int opens(const char *path, int flags) { return open(path, flags | O_NONBLOCK) >= 0; }

static int reads(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_NONBLOCK);
    return file >= 0 && read(file, &byte, 1) == 1;
}

// System calls that no persona needs.
ATTEMPT(trace_first_process) { (void)outside; return ptrace(PTRACE_SEIZE, 1, 0, 0) == 0; }
ATTEMPT(trace_own_child) {
    (void)outside;
    pid_t child = fork();
    if (child == 0) { pause(); _exit(0); }
    int is_out = ptrace(PTRACE_SEIZE, child, 0, 0) == 0;
    kill(child, SIGKILL);
    return is_out;
}
ATTEMPT(read_memory_of_first_process) {
    (void)outside;
    char bytes[8];
    struct iovec own = {bytes, sizeof bytes}, other = {(void *)0x400000, sizeof bytes};
    return process_vm_readv(1, &own, 1, &other, 1, 0) >= 0 || reads("/proc/1/mem");
}
ATTEMPT(mount_file_system) { (void)outside; return mount("none", "/tmp", "tmpfs", 0, "") == 0; }
ATTEMPT(unmount_programs) { (void)outside; return umount2("/usr", MNT_DETACH) == 0; }
ATTEMPT(mount_in_own_user_space) {
    (void)outside;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && mount("none", "/tmp", "tmpfs", 0, "") == 0;
}
ATTEMPT(unmount_in_own_user_space) {
    (void)outside;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0
        && (umount2("/usr", MNT_DETACH) == 0 || umount2("/proc", MNT_DETACH) == 0);
}
ATTEMPT(mount_by_new_calls) {
    (void)outside;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 0;
    return syscall(SYS_fsopen, "tmpfs", 0) >= 0 || syscall(SYS_open_tree, AT_FDCWD, "/", 1) >= 0;
}
CALL(change_root, SYS_pivot_root, "/tmp", "/tmp")
ATTEMPT(join_first_process_network) {
    (void)outside;
    int space = open("/proc/1/ns/net", O_RDONLY);
    return space >= 0 && setns(space, 0) == 0;
}
CALL(join_session_keyring, SYS_keyctl, 1, "persona", 0, 0, 0)
CALL(add_key, SYS_add_key, "user", "persona", "x", 1, -3)
ATTEMPT(load_kernel_program) {
    (void)outside;
    struct { unsigned type, key, value, entries; unsigned rest[28]; } map = {2, 4, 4, 1, {0}};
    return syscall(SYS_bpf, 0, &map, sizeof map) >= 0;
}
ATTEMPT(count_kernel_events) {
    (void)outside;
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event};
    return syscall(SYS_perf_event_open, &event, 0, -1, -1, 0) >= 0;
}
ATTEMPT(make_ring) {
    (void)outside;
    unsigned parameters[30] = {0};
    return syscall(SYS_io_uring_setup, 4, parameters) >= 0;
}
CALL(handle_page_faults, SYS_userfaultfd, O_CLOEXEC)
CALL(load_kernel, SYS_kexec_load, 0, 0, 0, 0)
CALL(remove_kernel_module, SYS_delete_module, "no_such_module", O_NONBLOCK)
CALL(load_kernel_module, SYS_init_module, "", 0, "")
CALL(keep_machine_from_restarting, SYS_reboot, 0xfee1dead, 672274793, 0, 0)
CALL(swap_on, SYS_swapon, "/tmp/none", 0)
CALL(account_processes, SYS_acct, 0)
CALL(read_kernel_log, SYS_syslog, 3, (char[64]){0}, 64)
ATTEMPT(set_clock) {
    (void)outside;
    struct timespec now;
    struct timeval same;
    clock_gettime(CLOCK_REALTIME, &now);
    same = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return clock_settime(CLOCK_REALTIME, &now) == 0 || settimeofday(&same, 0) == 0;
}
ATTEMPT(open_by_handle) {
    (void)outside;
    struct { unsigned size; int type; unsigned char bytes[8]; } handle = {8, 1, {2}};
    int root = open("/", O_RDONLY);
    return syscall(SYS_open_by_handle_at, root, &handle, O_RDONLY) >= 0;
}
ATTEMPT(take_descriptor_of_first_process) {
    (void)outside;
    int process = (int)syscall(SYS_pidfd_open, 1, 0);
    return process >= 0 && syscall(SYS_pidfd_getfd, process, 0, 0) >= 0;
}
#if defined(__x86_64__)
CALL(call_by_other_numbers, 0x40000000 + 39)
ATTEMPT(call_by_old_gate) {
    (void)outside;
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result > 0;
}
#endif

// Privileges.
ATTEMPT(become_root) { (void)outside; return setuid(0) == 0 || setgid(0) == 0 || setresuid(0, 0, 0) == 0; }
ATTEMPT(raise_capabilities) {
    (void)outside;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN, 0}, {0, 0, 0}};
    return syscall(SYS_capset, &header, data) == 0;
}
ATTEMPT(allow_new_privileges) {
    (void)outside;
    return prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}
ATTEMPT(jump_the_queue) {
    (void)outside;
    struct sched_param urgent = {1};
    return setpriority(PRIO_PROCESS, 0, -20) == 0 || sched_setscheduler(0, SCHED_FIFO, &urgent) == 0;
}
ATTEMPT(raise_own_limits) {
    (void)outside;
    struct rlimit now, more;
    getrlimit(RLIMIT_NOFILE, &now);
    more = (struct rlimit){now.rlim_max + 1, now.rlim_max + 1};
    return now.rlim_max == RLIM_INFINITY || setrlimit(RLIMIT_NOFILE, &more) == 0;
}
ATTEMPT(be_spared_when_memory_is_out) {
    (void)outside;
    int file = open("/proc/self/oom_score_adj", O_WRONLY);
    return file >= 0 && write(file, "-1000", 5) == 5;
}

// Files of the kernel and the machine.
ATTEMPT(set_core_pattern) { (void)outside; return opens("/proc/sys/kernel/core_pattern", O_WRONLY); }
ATTEMPT(set_module_loader) { (void)outside; return opens("/proc/sys/kernel/modprobe", O_WRONLY); }
ATTEMPT(pull_magic_key) { (void)outside; return opens("/proc/sysrq-trigger", O_WRONLY); }
ATTEMPT(set_event_helper) { (void)outside; return opens("/sys/kernel/uevent_helper", O_WRONLY); }
ATTEMPT(set_release_agent) {
    (void)outside;
    return opens("/sys/fs/cgroup/memory/release_agent", O_WRONLY) || opens("/sys/fs/cgroup/release_agent", O_WRONLY)
        || opens("/sys/fs/cgroup/cgroup.procs", O_WRONLY) || opens("/sys/fs/cgroup/memory/cgroup.procs", O_WRONLY);
}
ATTEMPT(read_kernel_memory) {
    (void)outside;
    return reads("/proc/kcore") || reads("/dev/mem") || reads("/dev/kmem") || reads("/dev/port");
}
ATTEMPT(read_kernel_messages) { (void)outside; return reads("/dev/kmsg") || reads("/proc/kmsg"); }
ATTEMPT(read_disks) {
    (void)outside;
    return reads("/dev/vda") || reads("/dev/sda") || reads("/dev/nvme0n1") || reads("/dev/loop0");
}
ATTEMPT(open_devices) {
    (void)outside;
    return opens("/dev/kvm", O_RDWR) || opens("/dev/fuse", O_RDWR) || opens("/dev/loop-control", O_RDWR)
        || opens("/dev/net/tun", O_RDWR) || opens("/dev/vhost-vsock", O_RDWR);
}
ATTEMPT(make_disk) {
    (void)outside;
    const char *path = "/tmp/escape-disk";
    unlink(path);
    int is_made = mknod(path, S_IFBLK | 0600, makedev(254, 0)) == 0 && opens(path, O_RDONLY);
    unlink(path);
    return is_made;
}
ATTEMPT(make_memory_device) {
    (void)outside;
    const char *path = "/tmp/escape-memory";
    unlink(path);
    int is_made = mknod(path, S_IFCHR | 0600, makedev(1, 1)) == 0 && opens(path, O_RDONLY);
    unlink(path);
    return is_made;
}
ATTEMPT(write_root) {
    (void)outside;
    return opens("/escape", O_CREAT | O_WRONLY) || opens("/usr/escape", O_CREAT | O_WRONLY)
        || opens("/etc/escape", O_CREAT | O_WRONLY) || opens("/persona/persona", O_WRONLY);
}
ATTEMPT(read_passwords) { (void)outside; return reads("/etc/shadow") || reads("/proc/1/root/etc/shadow"); }
ATTEMPT(link_file_from_outside_workspace) {
    (void)outside;
    int is_out = link("/persona/persona", "/workspace/escape") == 0;
    unlink("/workspace/escape");
    return is_out;
}
ATTEMPT(use_inherited_descriptors) {
    (void)outside;
    DIR *list = opendir("/proc/self/fd");
    struct dirent *entry;
    while (list && (entry = readdir(list))) {
        char path[300], target[300] = "";
        struct stat status;
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, target, sizeof target - 1) < 0 || stat(path, &status) != 0) continue;
        if (S_ISDIR(status.st_mode) && strncmp(target, "/proc", 5) != 0) return 1;
        if (S_ISREG(status.st_mode) && strncmp(target, "/workspace", 10) != 0 && strncmp(target, "/persona", 8) != 0)
            return 1;
    }
    return 0;
}
ATTEMPT(control_terminal) { (void)outside; return opens("/dev/tty", O_RDWR); }

// What the test has put outside.
ATTEMPT(see_personas_files) { return access(outside->directory, F_OK) == 0; }
ATTEMPT(see_personas_files_through_processes) {
    DIR *list = opendir("/proc");
    struct dirent *entry;
    while (list && (entry = readdir(list))) {
        char path[600];
        snprintf(path, sizeof path, "/proc/%s/root%s", entry->d_name, outside->directory);
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && access(path, F_OK) == 0) return 1;
    }
    return 0;
}
static int connects(struct sockaddr *address, socklen_t size) {
    int file = socket(address->sa_family, SOCK_STREAM, 0);
    return file >= 0 && connect(file, address, size) == 0;
}
static int connects_to_file(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return connects((struct sockaddr *)&address, sizeof address);
}
ATTEMPT(reach_host_socket) { return connects_to_file(outside->socket); }
ATTEMPT(reach_engine) {
    (void)outside;
    return connects_to_file("/var/run/docker.sock") || connects_to_file("/run/docker.sock")
        || connects_to_file("/run/containerd/containerd.sock") || connects_to_file("/run/podman/podman.sock");
}
ATTEMPT(reach_abstract_socket) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(outside->abstract_socket);
    memcpy(address.sun_path + 1, outside->abstract_socket, length);
    return connects((struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
}
static int connects_to(unsigned address, int port) {
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(address)}};
    return connects((struct sockaddr *)&target, sizeof target);
}
ATTEMPT(reach_host_port) { return connects_to(0x7f000001, outside->port) || connects_to(0x7f000002, outside->port); }
ATTEMPT(reach_gateways) {
    return connects_to(0xac110001, outside->port) || connects_to(0x0a000001, outside->port)
        || connects_to(0xc0a80001, outside->port);
}
ATTEMPT(reach_metadata_service) { (void)outside; return connects_to(0xa9fea9fe, 80); }
ATTEMPT(reach_name_server) {
    (void)outside;
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {htonl(0x08080808)}};
    int file = socket(AF_INET, SOCK_DGRAM, 0);
    return file >= 0 && sendto(file, "x", 1, 0, (struct sockaddr *)&target, sizeof target) == 1;
}
ATTEMPT(attach_shared_memory) { return shmget(outside->memory_key, 1, 0) >= 0; }
ATTEMPT(see_host_process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", outside->process);
    return kill(outside->process, 0) == 0 || access(path, F_OK) == 0;
}

// Networks beside the proxy.
ATTEMPT(listen_to_raw_packets) {
    (void)outside;
    return socket(AF_INET, SOCK_RAW, 1) >= 0 || socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}
ATTEMPT(call_hypervisor) { (void)outside; return socket(40 /* AF_VSOCK */, SOCK_STREAM, 0) >= 0; }
ATTEMPT(use_kernel_ciphers) { (void)outside; return socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0) >= 0; }
ATTEMPT(use_rare_protocols) {
    (void)outside;
    int families[] = {3, 4, 5, 9, 15, 21, 27, 29, 30, 31, 39, 41, 42, 43, 44};
    for (size_t index = 0; index < sizeof families / sizeof *families; index++)
        if (socket(families[index], SOCK_RAW, 0) >= 0 || socket(families[index], SOCK_DGRAM, 0) >= 0) return 1;
    return 0;
}
ATTEMPT(rename_host) { (void)outside; return sethostname("escaped", 7) == 0; }

static const struct { const char *name; attempt run; int is_harmless; } attempts[] = {
#define HARMLESS(name) {#name, name, 1}
#define RISKY(name) {#name, name, 0}
    HARMLESS(trace_own_child), RISKY(trace_first_process), RISKY(read_memory_of_first_process),
    RISKY(mount_file_system), RISKY(unmount_programs), HARMLESS(mount_in_own_user_space),
    HARMLESS(unmount_in_own_user_space), HARMLESS(mount_by_new_calls), RISKY(change_root),
    HARMLESS(join_first_process_network), HARMLESS(join_session_keyring), HARMLESS(add_key),
    HARMLESS(load_kernel_program), HARMLESS(count_kernel_events), HARMLESS(make_ring), HARMLESS(handle_page_faults),
    RISKY(load_kernel), RISKY(remove_kernel_module), RISKY(load_kernel_module), RISKY(keep_machine_from_restarting),
    RISKY(swap_on), RISKY(account_processes), HARMLESS(read_kernel_log), RISKY(set_clock), HARMLESS(open_by_handle),
    RISKY(take_descriptor_of_first_process),
#if defined(__x86_64__)
    HARMLESS(call_by_other_numbers), HARMLESS(call_by_old_gate),
#endif
    HARMLESS(become_root), HARMLESS(raise_capabilities), HARMLESS(allow_new_privileges), HARMLESS(jump_the_queue),
    HARMLESS(raise_own_limits), HARMLESS(be_spared_when_memory_is_out), HARMLESS(set_core_pattern),
    HARMLESS(set_module_loader), HARMLESS(pull_magic_key), RISKY(set_event_helper), HARMLESS(set_release_agent),
    HARMLESS(read_kernel_memory), HARMLESS(read_kernel_messages), HARMLESS(read_disks), HARMLESS(open_devices),
    HARMLESS(make_disk), HARMLESS(make_memory_device), RISKY(write_root), HARMLESS(read_passwords),
    RISKY(link_file_from_outside_workspace), RISKY(use_inherited_descriptors), HARMLESS(control_terminal),
    HARMLESS(see_personas_files), HARMLESS(see_personas_files_through_processes), HARMLESS(reach_host_socket),
    RISKY(reach_engine), HARMLESS(reach_abstract_socket), HARMLESS(reach_host_port), RISKY(reach_gateways),
    RISKY(reach_metadata_service), HARMLESS(reach_name_server), HARMLESS(attach_shared_memory),
    HARMLESS(see_host_process), HARMLESS(listen_to_raw_packets), HARMLESS(call_hypervisor),
    HARMLESS(use_kernel_ciphers), HARMLESS(use_rare_protocols), RISKY(rename_host),
};
static const int attempt_count = sizeof attempts / sizeof *attempts;

// Seconds that a connection to nowhere may take; enough for everything else.
static const unsigned patience = 5;

enum persona_outcome persona_escape(int number, const struct persona_outside *outside, const char **name) {
    if (number < 0 || number >= attempt_count) return persona_no_such_attempt;
    *name = attempts[number].name;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(patience);
        _exit(attempts[number].run(outside) ? 1 : 0);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    // Whoever was killed for trying did not get out; whoever could not even fork neither.
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1 ? persona_out : persona_held;
}

int persona_escape_is_harmless(int number) {
    return number >= 0 && number < attempt_count && attempts[number].is_harmless;
}
