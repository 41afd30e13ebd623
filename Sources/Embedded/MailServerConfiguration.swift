import Glibc

/// Paths and texts of one private mail server: Dovecot for reading, exim for sending, joined by an LMTP socket.
struct MailServerConfiguration {
    let state: String
    let sockets: String
    let user: ServiceUser
    let ports: MailServer.Ports
    let dovecotMajor: (Int, Int)
    let messageLimitMegabytes: Int

    var users: String { "\(state)/users" }
    /// exim's own table: address, then the password in Base64.
    var passwords: String { "\(state)/passwords" }
    var maildirs: String { "\(state)/maildirs" }
    var certificate: String { "\(state)/tls/server.pem" }
    var key: String { "\(state)/tls/server.key" }
    var dovecotFile: String { "\(state)/dovecot.conf" }
    var eximFile: String { "\(state)/exim.conf" }
    var dovecotBase: String { "\(sockets)/mail/dovecot" }
    var lmtpSocket: String { "\(dovecotBase)/lmtp" }

    private var group: String {
        guard let entry = getgrgid(user.gid), let name = entry.pointee.gr_name else { return String(user.gid) }
        return String(cString: name)
    }

    var dovecotText: String { dovecotMajor >= (2, 4) ? dovecot24 : dovecot23 }

    /// Common to 2.3 and 2.4: nothing runs as another user, nothing is chrooted, nothing waits after a wrong password.
    private var dovecotServices: String {
        """
        base_dir = \(dovecotBase)
        state_dir = \(state)/dovecot
        instance_name = persona-\(DataDirectory.hash(state))
        protocols = imap lmtp
        listen = 127.0.0.1
        default_internal_user = \(user.name)
        default_internal_group = \(group)
        default_login_user = \(user.name)
        log_path = /dev/stderr
        first_valid_uid = 1
        mail_max_userip_connections = 100
        auth_failure_delay = 0
        auth_mechanisms = plain login
        shutdown_clients = yes
        service anvil {
          chroot =
          unix_listener anvil-auth-penalty {
            mode = 0
          }
        }
        service imap-login {
          chroot =
          inet_listener imap {
            port = \(ports.imap)
          }
          inet_listener imaps {
            port = \(ports.imaps)
            ssl = yes
          }
        }
        service imap {
          process_limit = 256
        }
        service lmtp {
          unix_listener lmtp {
            mode = 0600
          }
        }
        """
    }

    private var folders: String {
        """
        namespace inbox {
          inbox = yes
          separator = /
          mailbox Sent {
            auto = subscribe
            special_use = \\Sent
          }
        }
        """
    }

    private var dovecot23: String {
        """
        \(dovecotServices)
        mail_location = maildir:~/Maildir
        ssl = yes
        ssl_cert = <\(certificate)
        ssl_key = <\(key)
        disable_plaintext_auth = no
        default_vsz_limit = 512 M
        passdb {
          driver = passwd-file
          args = \(users)
        }
        userdb {
          driver = static
          args = uid=\(user.uid) gid=\(user.gid) home=\(maildirs)/%Lu
        }
        \(folders)

        """
    }

    private var dovecot24: String {
        """
        dovecot_config_version = 2.4.0
        dovecot_storage_version = 2.4.0
        \(dovecotServices)
        mail_driver = maildir
        mail_path = ~/Maildir
        mail_inbox_path = ~/Maildir
        ssl = yes
        ssl_server_cert_file = \(certificate)
        ssl_server_key_file = \(key)
        auth_allow_cleartext = yes
        default_vsz_limit = 512 M
        passdb passwd-file {
          passwd_file_path = \(users)
        }
        userdb static {
          fields {
            uid = \(user.uid)
            gid = \(user.gid)
            home = \(maildirs)/%{user | lower}
          }
        }
        \(folders)

        """
    }

    var submissionLog: String { "\(state)/spool/exim_mainlog" }

    /// Takes mail only from a user who has logged in and only for addresses that exist here.
    var eximText: String {
        """
        primary_hostname = localhost
        exim_user = \(user.name)
        exim_group = \(group)
        never_users =
        deliver_drop_privilege
        spool_directory = \(state)/spool
        log_file_path = \(state)/spool/exim_%slog
        log_selector = -all
        pid_file_path = \(state)/spool/exim.pid
        local_interfaces = 127.0.0.1
        daemon_smtp_ports = \(ports.submission) : \(ports.submissions)
        tls_on_connect_ports = \(ports.submissions)
        tls_advertise_hosts = *
        tls_certificate = \(certificate)
        tls_privatekey = \(key)
        auth_advertise_hosts = *
        message_size_limit = \(messageLimitMegabytes)M
        smtp_accept_max = 200
        smtp_accept_queue_per_connection = 0
        smtp_receive_timeout = 2m
        rfc1413_query_timeout = 0s
        host_lookup =
        keep_environment =
        queue_run_max = 2
        check_spool_space = 0
        acl_smtp_rcpt = recipient

        begin acl
        recipient:
          deny message = authentication required
               !authenticated = *
          accept condition = ${lookup{${lc:$local_part@$domain}}lsearch{\(passwords)}{yes}{no}}
          deny message = unknown user

        begin routers
        mailbox:
          driver = accept
          condition = ${lookup{${lc:$local_part@$domain}}lsearch{\(passwords)}{yes}{no}}
          transport = lmtp

        begin transports
        lmtp:
          driver = lmtp
          socket = \(lmtpSocket)
          batch_max = 100
          user = \(user.name)
          group = \(group)

        begin retry
        * * F,10m,2s; F,4d,1m

        begin authenticators
        plain:
          driver = plaintext
          public_name = PLAIN
          server_prompts = :
          server_condition = \(passwordCondition("$auth2", "$auth3"))
          server_set_id = $auth2
        login:
          driver = plaintext
          public_name = LOGIN
          server_prompts = <| Username: | Password:
          server_condition = \(passwordCondition("$auth1", "$auth2"))
          server_set_id = $auth1

        """
    }

    private func passwordCondition(_ address: String, _ password: String) -> String {
        "${if eq{${base64:\(password)}}{${lookup{${lc:\(address)}}lsearch{\(passwords)}{$value}{*}}}{yes}{no}}"
    }

    func eximPasswordLine(_ address: String, _ password: String) -> String { "\(address): \(base64(password))" }

    /// passwd-file of Dovecot; Base64 so that a password may hold a colon.
    func dovecotUserLine(_ address: String, _ password: String) -> String {
        "\(address):{PLAIN.b64}\(base64(password))"
    }

    private func base64(_ text: String) -> String { Base64.encode(Array(text.utf8)) }
}

/// RFC 4648 section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0...3 {
                output.append(index <= group.count ? alphabet[(value >> (18 - 6 * index)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
