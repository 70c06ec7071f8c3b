import Testing
@testable import Service

@Suite struct ServePolicyTests {
    @Test func whatIsStillToBeFilledInIsFound() {
        for (text, line) in [("We keep {{days}} days", 1), ("ok\n\nWrite to [your address]", 3), ("TODO", 1), ("fine\nTBD: period", 2), ("", 1), (" \n ", 1)] {
            #expect { try ServePolicy.check(text, path: "p") } throws: { error in
                guard case ServeError.placeholder("p", line, _) = error else { return false }
                return true
            }
        }
    }

    @Test func aPolicyThatSaysSomethingPasses() throws {
        try ServePolicy.check("We keep inputs until the job ends [see above], and write to ops@example.org.", path: "p")
    }
}
