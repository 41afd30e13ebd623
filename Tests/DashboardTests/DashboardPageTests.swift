import CDP
import Domain
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct DashboardPageTests {
    @Test func aPersonSignsInAndCancelsARun() async throws {
        try await Household.with { house in
            let email = try await house.person("owner")
            let run = try await house.run(subject: "<b>Streets</b> & bikes")
            try await house.open()
            try await house.signIn(email)
            // Markup in a subject stays text.
            try await house.untilShown("<b>Streets</b> & bikes")
            try await house.press("<b>Streets</b> & bikes")
            try await house.until("location.hash === '#/runs/\(run)' && document.activeElement.tagName === 'H1'")
            try await house.press("Cancel the run")
            try await house.until("document.querySelector('dialog[open]') !== null")
            _ = try await house.page.evaluate("document.querySelector('dialog button[value=yes]').click()")
            try await house.untilShown("queued, stopping")
            try await house.press("Sign out")
            try await house.untilShown("You are signed out.")
        }
    }

    @Test func aPersonSaysWhatBecameOfAnEffectInDoubt() async throws {
        try await Household.with { house in
            let email = try await house.person("member")
            let run = try await house.run(subject: "Streets")
            try await house.leaveInDoubt(run, tool: "parcel.send")
            try await house.open()
            try await house.signIn(email)
            try await house.untilShown("Nobody knows whether these took effect")
            try await house.press("Streets")
            try await house.untilShown("Nobody knows whether \"Send\" took effect")
            try await house.press("It happened")
            try await house.until("!document.body.textContent.includes('Nobody knows whether')")
            #expect(try await house.effect(of: run) == "done")
        }
    }

    @Test func aWrongPasswordIsToldInWords() async throws {
        try await Household.with { house in
            let email = try await house.person("owner")
            try await house.open()
            try await house.signIn(email, password: "wrong")
            try await house.untilShown("The e-mail address or the password is wrong.")
        }
    }

    @Test(arguments: [("auditor", true), ("member", false)])
    func theAuditLogIsOfferedToThoseWhoMayReadIt(role: String, isOffered: Bool) async throws {
        try await Household.with { house in
            try await house.open("/#/runs")
            try await house.signIn(try await house.person(role))
            try await house.untilShown("No runs yet")
            let offered = try await house.page.evaluate(
                "document.querySelector('#nav a[href=\"#/audit\"]') !== null", as: Bool.self)
            #expect(offered == isOffered)
        }
    }

    @Test func everyControlHasANameAndNothingInlineRuns() async throws {
        try await Household.with { house in
            let email = try await house.person("owner")
            _ = try await house.run(subject: "Streets")
            try await house.open()
            try await house.signIn(email)
            try await house.untilShown("Streets")
            let nameless = try await house.page.evaluate(
                """
                [...document.querySelectorAll('button, a, input, select')].filter((item) =>
                    !(item.textContent.trim() || item.labels?.length || item.getAttribute('aria-label'))).length
                """, as: Int.self)
            #expect(nameless == 0)
            await #expect(throws: BrowserError.self) {
                // Refused by the policy: neither eval nor markup from text.
                try await house.page.evaluate("document.body.innerHTML = '<p>'")
            }
        }
    }
}
