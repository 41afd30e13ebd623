import CLinux

/// System calls that no persona needs, refused with EPERM. A list of refusals rather than of permissions, because
/// Chromium's own sandbox, which stays on, needs user namespaces, chroot and most of the rest.
package enum SystemCallFilter {
    /// Debugging of other processes, kernel modules and programs, keys, mounts, clocks, raw ports, and io_uring, whose
    /// operations a filter does not see.
    package static let refused: [(name: String, number: Int32)] = [
        ("ptrace", SYS_ptrace), ("process_vm_readv", SYS_process_vm_readv),
        ("process_vm_writev", SYS_process_vm_writev), ("kcmp", SYS_kcmp), ("pidfd_getfd", SYS_pidfd_getfd),
        ("keyctl", SYS_keyctl), ("add_key", SYS_add_key), ("request_key", SYS_request_key),
        ("bpf", SYS_bpf), ("perf_event_open", SYS_perf_event_open), ("userfaultfd", SYS_userfaultfd),
        ("kexec_load", SYS_kexec_load), ("kexec_file_load", SYS_kexec_file_load),
        ("init_module", SYS_init_module), ("finit_module", SYS_finit_module), ("delete_module", SYS_delete_module),
        ("mount", SYS_mount), ("umount2", SYS_umount2), ("pivot_root", SYS_pivot_root),
        ("move_mount", SYS_move_mount), ("open_tree", SYS_open_tree), ("fsopen", SYS_fsopen),
        ("fsconfig", SYS_fsconfig), ("fsmount", SYS_fsmount), ("fspick", SYS_fspick),
        ("mount_setattr", SYS_mount_setattr), ("setns", SYS_setns), ("open_by_handle_at", SYS_open_by_handle_at),
        ("swapon", SYS_swapon), ("swapoff", SYS_swapoff), ("reboot", SYS_reboot), ("acct", SYS_acct),
        ("quotactl", SYS_quotactl), ("syslog", SYS_syslog), ("settimeofday", SYS_settimeofday),
        ("clock_settime", SYS_clock_settime), ("clock_adjtime", SYS_clock_adjtime), ("adjtimex", SYS_adjtimex),
        ("vhangup", SYS_vhangup), ("io_uring_setup", SYS_io_uring_setup), ("io_uring_enter", SYS_io_uring_enter),
        ("io_uring_register", SYS_io_uring_register),
    ]

    /// Families of sockets that personas may make: Unix, Internet of both versions, and netlink, by which programs learn
    /// of interfaces. Others reach past the network's name space (vsock: the hypervisor) or into rare parts of the kernel.
    package static let families: [UInt32] = [1, 2, 10, 16]
    /// EAFNOSUPPORT, as a kernel without them says.
    private static let unsupported: UInt32 = 97

    private static let permit: UInt32 = 0x7FFF_0000
    private static let refuse: UInt32 = 0x0005_0001  // SECCOMP_RET_ERRNO with EPERM
    private static let killProcess: UInt32 = 0x8000_0000

    #if arch(x86_64)
        private static let architecture: UInt32 = 0xC000_003E
    #elseif arch(arm64)
        private static let architecture: UInt32 = 0xC000_00B7
    #endif

    /// The filter as classic BPF (struct sock_filter, 8 bytes each, host order), as `bwrap --seccomp` takes it.
    package static func program() -> [UInt8] {
        var instructions: [Instruction] = [
            .load(offset: 4),  // seccomp_data.arch
            .jumpIfEqual(architecture, yes: 1, no: 0),
            .answer(killProcess),
            .load(offset: 0),  // seccomp_data.nr
            .jumpIfAtLeast(0x4000_0000, yes: 0, no: 1),  // the x32 numbers of x86-64
            .answer(refuse),
        ]
        for (_, number) in refused {
            instructions.append(.jumpIfEqual(UInt32(bitPattern: number), yes: 0, no: 1))
            instructions.append(.answer(refuse))
        }
        // To the end unless it is socket(2); there, its first argument's lower half decides (little-endian).
        instructions.append(
            .jumpIfEqual(UInt32(bitPattern: SYS_socket), yes: 0, no: UInt8(families.count + 2)))
        instructions.append(.load(offset: 16))
        for (index, family) in families.enumerated() {
            instructions.append(.jumpIfEqual(family, yes: UInt8(families.count - index), no: 0))
        }
        instructions.append(.answer(0x0005_0000 | unsupported))
        instructions.append(.answer(permit))
        return instructions.flatMap(\.bytes)
    }

    /// The same rules as a profile for Docker's `seccomp=` option.
    package static func dockerProfile() -> String {
        let names = refused.map { "\"\($0.name)\"" }.joined(separator: ",")
        let last = families.max() ?? 0
        let sockets =
            (0..<last).filter { !families.contains($0) }.map { socketRule($0, "EQ") } + [socketRule(last, "GT")]
        return """
            {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[\(names)],"action":"SCMP_ACT_ERRNO","errnoRet":1},\
            \(sockets.joined(separator: ","))]}
            """
    }

    private static func socketRule(_ family: UInt32, _ comparison: String) -> String {
        """
        {"names":["socket"],"action":"SCMP_ACT_ERRNO","errnoRet":\(unsupported),\
        "args":[{"index":0,"value":\(family),"op":"SCMP_CMP_\(comparison)"}]}
        """
    }

    private struct Instruction {
        var code: UInt16
        var yes: UInt8 = 0
        var no: UInt8 = 0
        var value: UInt32

        static func load(offset: UInt32) -> Self { Self(code: 0x20, value: offset) }
        static func jumpIfEqual(_ value: UInt32, yes: UInt8, no: UInt8) -> Self {
            Self(code: 0x15, yes: yes, no: no, value: value)
        }
        static func jumpIfAtLeast(_ value: UInt32, yes: UInt8, no: UInt8) -> Self {
            Self(code: 0x35, yes: yes, no: no, value: value)
        }
        static func answer(_ value: UInt32) -> Self { Self(code: 0x06, value: value) }

        var bytes: [UInt8] {
            withUnsafeBytes(of: code, Array.init) + [yes, no] + withUnsafeBytes(of: value, Array.init)
        }
    }
}
