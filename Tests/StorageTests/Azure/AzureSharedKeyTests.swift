import HTTP
import TestSupport
import Testing

@testable import Storage

@Suite struct AzureSharedKeyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "GET"
        var path = "/mycontainer"
        var query: [(String, String)] = []
        var headers: [HTTPHeader] = []
        var body: [UInt8]?
        var lines: [String]
        var testDescription: String { name }
    }

    private static let dateAndVersion = [
        HTTPHeader("x-ms-version", "2015-02-21"), HTTPHeader("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"),
    ]
    private static let signedDateAndVersion = [
        "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT", "x-ms-version:2015-02-21",
    ]
    private static let nothing = [String](repeating: "", count: 11)

    /// The examples of "Authorize with Shared Key", and what its rules say for the rest.
    static let rows: [Row] = [
        Row(
            name: "the published example: metadata of a container",
            query: [("restype", "container"), ("comp", "metadata"), ("timeout", "20")],
            headers: dateAndVersion,
            lines: ["GET"] + nothing + signedDateAndVersion
                + ["/myaccount/mycontainer", "comp:metadata", "restype:container", "timeout:20"]
        ),
        Row(
            name: "the published example of a parameter with several values",
            path: "/container",
            query: [
                ("restype", "container"), ("comp", "list"), ("include", "snapshots"), ("include", "metadata"),
                ("include", "uncommittedblobs"),
            ],
            lines: ["GET"] + nothing + [
                "/myaccount/container", "comp:list", "include:metadata,snapshots,uncommittedblobs",
                "restype:container",
            ]
        ),
        Row(
            name: "an emulator's account is there twice",
            path: "/myaccount/mycontainer/%2Fkey",
            lines: ["GET"] + nothing + ["/myaccount/myaccount/mycontainer/%2Fkey"]
        ),
        Row(
            name: "a body's length, hash and type",
            method: "PUT",
            headers: [
                HTTPHeader("Content-Type", "application/json"), HTTPHeader("content-md5", "bWQ1"),
                HTTPHeader("X-Ms-Blob-Type", " BlockBlob "), HTTPHeader("Accept", "*/*"),
            ],
            body: [1, 2, 3],
            lines: ["PUT", "", "", "3", "bWQ1", "application/json", "", "", "", "", "", ""]
                + ["x-ms-blob-type:BlockBlob", "/myaccount/mycontainer"]
        ),
        Row(
            name: "an empty body counts as none",
            method: "PUT",
            body: [],
            lines: ["PUT"] + nothing + ["/myaccount/mycontainer"]
        ),
        Row(
            name: "all standard fields in their places",
            headers: [
                HTTPHeader("Range", "r"), HTTPHeader("If-Unmodified-Since", "u"),
                HTTPHeader("If-None-Match", "n"),
                HTTPHeader("If-Match", "m"), HTTPHeader("If-Modified-Since", "s"),
                HTTPHeader("Content-Language", "l"), HTTPHeader("Content-Encoding", "e"),
            ],
            lines: ["GET", "e", "l", "", "", "", "", "s", "m", "n", "u", "r", "/myaccount/mycontainer"]
        ),
        Row(
            name: "parameters are decoded, their names in lower case",
            query: [("BlockID", "a+b/c=="), ("comp", "block")],
            lines: ["GET"] + nothing + ["/myaccount/mycontainer", "blockid:a+b/c==", "comp:block"]
        ),
    ]

    @Test(arguments: rows)
    func stringToSign(_ row: Row) {
        let request = AzureRequest(
            method: row.method,
            origin: "https://myaccount.blob.core.windows.net",
            path: row.path,
            query: row.query.map { AzureRequest.Parameter(name: $0.0, value: $0.1) },
            headers: row.headers,
            body: row.body
        )
        let text = AzureSharedKey.stringToSign(request, account: "myaccount")
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) == row.lines)
    }

    /// The signature is azure-storage-blob's for the published example and the emulator's published key.
    @Test func authorization() throws {
        let row = Self.rows[0]
        let key = try AzureConnectionString(parsing: "UseDevelopmentStorage=true").accountKey
        let request = AzureRequest(
            method: "GET",
            origin: "http://127.0.0.1:10000",
            path: "/devstoreaccount1/mycontainer",
            query: row.query.map { AzureRequest.Parameter(name: $0.0, value: $0.1) },
            headers: row.headers
        )
        #expect(
            key?.authorization(for: request)
                == "SharedKey devstoreaccount1:8qkllG2KRigfHAuoixCLQgQEAuR65sidBFzzvqadckM="
        )
    }

    @Test(arguments: ["", "no base64", "====", "YQ"])
    func noKey(_ text: String) {
        #expect(AzureSharedKey(account: "a", base64Key: text) == nil)
    }

    @Test(arguments: [
        ("/workload/output/w-1", "%2Fworkload%2Foutput%2Fw-1"), ("a b+c", "a%20b%2Bc"), ("ü", "%C3%BC"),
        ("A-z.0_9~", "A-z.0_9~"), ("%2F", "%252F"), ("", ""),
    ])
    func encoding(_ text: String, _ encoded: String) {
        #expect(AzureRequest.encoded(text) == encoded)
    }

    /// RFC 9110's own example, a leap day, and the ends of years.
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
            (1_435_361_952, "Fri, 26 Jun 2015 23:39:12 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] as [(Int64, String)]
    )
    func dates(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate.text(secondsSince1970: seconds) == text)
        #expect(HTTPResponse(status: 200, headers: [HTTPHeader("Date", text)]).secondsSince1970 == seconds)
    }
}
