import Scheduling

extension Examination {
    /// Servers tell full seconds, and an answer takes some time: less is no difference, in seconds.
    private static let tolerated: Int64 = 60

    /// What tokens and signatures are usually allowed to be off, in seconds; Amazon allows 15 minutes.
    private static let harmful: Int64 = 300

    /// What the sidecar makes of a wrong clock; see the stores and `AccessTokenCache`.
    private static let consequences = """
        the sidecar corrects what it signs for S3, Azure and Google and counts a token's life from its issue, but \
        certificates are judged and logs are dated by this clock, and the connector corrects nothing
        """

    func checkClock() -> Findings {
        var findings = Findings(.clock)
        askServers()
        var seen: Set<String> = []
        for contact in contacts where seen.insert(contact.server).inserted {
            guard let offset = contact.clockOffset else {
                seen.remove(contact.server)
                continue
            }
            let size = abs(offset)
            let text =
                "the clock here is \(Duration.seconds(size).spokenDescription) "
                + "\(offset > 0 ? "ahead of" : "behind") that of \(contact.server)"
            if size >= Self.harmful {
                findings.problem("\(text): \(Self.consequences)", "correct the node's clock (NTP)")
            } else if size >= Self.tolerated {
                findings.warning(
                    "\(text): more than five minutes break signatures and tokens",
                    "correct the node's clock (NTP)"
                )
            } else {
                findings.ok("the clock agrees with that of \(contact.server)")
            }
        }
        if findings.all.isEmpty {
            findings.warning("not compared: no server has told its time", "see the checks of the servers")
        }
        return findings
    }

    /// Has each server that the sidecar depends on tell its time, if no other check has asked it.
    private func askServers() {
        if !configuration.workloadAPI.baseURL.isEmpty { _ = checkWorkloadAPI() }
        _ = checkServerAPI()
        guard let url = configuration.storage?.serviceURL else { return }
        let server = Contact.server(of: url)
        if !contacts.contains(where: { $0.server.hasSuffix(server) }) { _ = contact(url) }
    }
}
