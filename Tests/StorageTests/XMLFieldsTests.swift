import TestSupport
import Testing

@testable import Storage

@Suite struct XMLFieldsTests {
    private func fields(_ document: String) -> XMLFields { XMLFields(parsing: Array(document.utf8)) }

    @Test func textsByName() {
        let fields = fields(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error xmlns="urn:x"><Code>SlowDown</Code><Message> a &amp; b &lt;c&gt; </Message><Empty/>
            <s:Detail xmlns:s="urn:s"><![CDATA[<raw>]]></s:Detail></Error>
            """
        )
        #expect(fields["Code"] == "SlowDown")
        #expect(fields["Message"] == "a & b <c>")
        #expect(fields["Empty"] == "")
        #expect(fields["Detail"] == "<raw>")
        #expect(fields["Region"] == nil)
    }

    @Test func theFirstOfTwoCounts() {
        #expect(fields("<a><b>1</b><b>2</b></a>")["b"] == "1")
    }

    @Test(arguments: [
        ("", nil), ("no XML", nil), ("<a><Code>x</Code>", "x"), ("<a><Code>x</Code></b>", "x"),
        ("<a><Code>x", nil),
    ])
    func whatStandsBeforeTheFaultIsRead(_ document: String, _ code: String?) {
        #expect(fields(document)["Code"] == code)
    }

    @Test func entitiesOfTheDocumentAreNotExpanded() {
        let bomb = """
            <!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a><Code>&y;</Code></a>
            """
        #expect(fields(bomb)["Code"] == nil)
    }

    @Test func boundsOfWhatIsKept() {
        #expect(
            fields("<a><Code>\(text(ofLength: 100_000))</Code></a>")["Code"]?.utf8.count == 8_192
                + " …".utf8.count
        )
        let deep = String(repeating: "<d>", count: 100_000)
        #expect(fields("<a><Code>x</Code>\(deep)")["Code"] == "x")
    }
}
