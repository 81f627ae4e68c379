import Crypto
import HTTP
import TestSupport
import Testing

@testable import Storage

/// A request with the signature that it must get.
struct SignatureVector: CustomTestStringConvertible, Sendable {
    var name: String
    var method: String
    /// Percent-encoded.
    var path: String
    /// Names and values in turn, not encoded.
    var query: [String] = []
    /// Names and values in turn.
    var headers: [String]
    var body = ""
    var signature: String

    var testDescription: String { name }

    var queryPairs: [(name: String, value: String)] {
        stride(from: 0, to: query.count, by: 2).map { (name: query[$0], value: query[$0 + 1]) }
    }

    var fields: [HTTPHeader] {
        stride(from: 0, to: headers.count, by: 2).map { HTTPHeader(headers[$0], headers[$0 + 1]) }
    }
}

/// The values that Amazon has published with its description of the signature.
@Suite struct SigV4Tests {
    private func signature(
        _ vector: SignatureVector,
        _ signer: SigV4,
        _ credentials: AWSCredentials
    ) -> String? {
        let value = signer.authorization(
            method: vector.method,
            path: vector.path,
            query: vector.queryPairs,
            headers: vector.fields,
            payloadHash: Digest.sha256(Array(vector.body.utf8)).hexadecimal,
            credentials: credentials
        )
        return value.split(separator: "=").last.map(String.init)
    }

    /// The test suite of the signature, version 4; the cases of normalised paths left out, which S3 has not.
    @Test(arguments: SignatureVector.suite) func suite(_ vector: SignatureVector) {
        let signer = SigV4(region: "us-east-1", service: "service", timestamp: "20150830T123600Z")
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        )
        #expect(signature(vector, signer, credentials) == vector.signature)
    }

    /// The examples of S3's own documentation.
    @Test(arguments: SignatureVector.s3) func s3(_ vector: SignatureVector) {
        let signer = SigV4(region: "us-east-1", service: "s3", timestamp: "20130524T000000Z")
        let credentials = AWSCredentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        )
        var vector = vector
        vector.headers += ["Host", "examplebucket.s3.amazonaws.com", "x-amz-date", "20130524T000000Z"]
        vector.headers += ["x-amz-content-sha256", Digest.sha256(Array(vector.body.utf8)).hexadecimal]
        #expect(signature(vector, signer, credentials) == vector.signature)
    }

    @Test(arguments: [
        ("/workload/output/1", "/workload/output/1"), ("a b+c", "a%20b%2Bc"),
        ("Gr\u{f6}\u{df}e", "Gr%C3%B6%C3%9Fe"),
        ("-._~", "-._~"), ("%2F", "%252F"), ("\u{1234}", "%E1%88%B4"), ("test$file.text", "test%24file.text"),
    ])
    func encodedOnce(_ text: String, _ expected: String) {
        #expect(SigV4.encoded(text, keepingSlashes: true) == expected)
    }
}

extension SignatureVector {
    static let s3 = [
        SignatureVector(
            name: "GET object",
            method: "GET",
            path: "/test.txt",
            headers: ["Range", "bytes=0-9"],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        SignatureVector(
            name: "PUT object",
            method: "PUT",
            path: "/test%24file.text",
            headers: ["Date", "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class", "REDUCED_REDUNDANCY"],
            body: "Welcome to Amazon S3.",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        SignatureVector(
            name: "GET lifecycle",
            method: "GET",
            path: "/",
            query: ["lifecycle", ""],
            headers: [],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        SignatureVector(
            name: "list",
            method: "GET",
            path: "/",
            query: ["max-keys", "2", "prefix", "J"],
            headers: [],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ]

    static let suite = [
        SignatureVector(
            name: "get-header-key-duplicate",
            method: "GET",
            path: #"/"#,
            headers: [
                #"Host"#, #"example.amazonaws.com"#, #"My-Header1"#, #"value2"#, #"My-Header1"#, #"value2"#,
                #"My-Header1"#, #"value1"#, #"X-Amz-Date"#, #"20150830T123600Z"#,
            ],
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
        ),
        SignatureVector(
            name: "get-header-value-multiline",
            method: "GET",
            path: #"/"#,
            headers: [
                #"Host"#, #"example.amazonaws.com"#, #"My-Header1"#, #"value1\#n  value2\#n     value3"#,
                #"X-Amz-Date"#, #"20150830T123600Z"#,
            ],
            signature: "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"
        ),
        SignatureVector(
            name: "get-header-value-order",
            method: "GET",
            path: #"/"#,
            headers: [
                #"Host"#, #"example.amazonaws.com"#, #"My-Header1"#, #"value4"#, #"My-Header1"#, #"value1"#,
                #"My-Header1"#, #"value3"#, #"My-Header1"#, #"value2"#, #"X-Amz-Date"#, #"20150830T123600Z"#,
            ],
            signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"
        ),
        SignatureVector(
            name: "get-header-value-trim",
            method: "GET",
            path: #"/"#,
            headers: [
                #"Host"#, #"example.amazonaws.com"#, #"My-Header1"#, #" value1"#, #"My-Header2"#,
                #" "a   b   c""#, #"X-Amz-Date"#, #"20150830T123600Z"#,
            ],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        SignatureVector(
            name: "get-unreserved",
            method: "GET",
            path: #"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"#,
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"
        ),
        SignatureVector(
            name: "get-utf8",
            method: "GET",
            path: #"/%E1%88%B4"#,
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"
        ),
        SignatureVector(
            name: "get-vanilla-empty-query-key",
            method: "GET",
            path: #"/"#,
            query: [#"Param1"#, #"value1"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"
        ),
        SignatureVector(
            name: "get-vanilla-query-order-encoded",
            method: "GET",
            path: #"/"#,
            query: [#"Param-3"#, #"Value3"#, #"Param"#, #"Value2"#, #"ሴ"#, #"Value1"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"
        ),
        SignatureVector(
            name: "get-vanilla-query-order-key-case",
            method: "GET",
            path: #"/"#,
            query: [#"Param2"#, #"value2"#, #"Param1"#, #"value1"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        SignatureVector(
            name: "get-vanilla-query-order-key",
            method: "GET",
            path: #"/"#,
            query: [#"Param1"#, #"value2"#, #"Param1"#, #"Value1"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"
        ),
        SignatureVector(
            name: "get-vanilla-query-order-value",
            method: "GET",
            path: #"/"#,
            query: [#"Param1"#, #"value2"#, #"Param1"#, #"value1"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"
        ),
        SignatureVector(
            name: "get-vanilla-query-unreserved",
            method: "GET",
            path: #"/"#,
            query: [
                #"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"#,
                #"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"#,
            ],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"
        ),
        SignatureVector(
            name: "get-vanilla-query",
            method: "GET",
            path: #"/"#,
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        ),
        SignatureVector(
            name: "get-vanilla-utf8-query",
            method: "GET",
            path: #"/"#,
            query: [#"ሴ"#, #"bar"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"
        ),
        SignatureVector(
            name: "get-vanilla",
            method: "GET",
            path: #"/"#,
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        ),
        SignatureVector(
            name: "post-header-key-case",
            method: "POST",
            path: #"/"#,
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
        SignatureVector(
            name: "post-header-key-sort",
            method: "POST",
            path: #"/"#,
            headers: [
                #"Host"#, #"example.amazonaws.com"#, #"My-Header1"#, #"value1"#, #"X-Amz-Date"#,
                #"20150830T123600Z"#,
            ],
            signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"
        ),
        SignatureVector(
            name: "post-header-value-case",
            method: "POST",
            path: #"/"#,
            headers: [
                #"Host"#, #"example.amazonaws.com"#, #"My-Header1"#, #"VALUE1"#, #"X-Amz-Date"#,
                #"20150830T123600Z"#,
            ],
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"
        ),
        SignatureVector(
            name: "post-sts-header-after",
            method: "POST",
            path: #"/"#,
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
        SignatureVector(
            name: "post-sts-header-before",
            method: "POST",
            path: #"/"#,
            headers: [
                #"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#,
                #"X-Amz-Security-Token"#,
                #"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="#,
            ],
            signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
        ),
        SignatureVector(
            name: "post-vanilla-empty-query-value",
            method: "POST",
            path: #"/"#,
            query: [#"Param1"#, #"value1"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"
        ),
        SignatureVector(
            name: "post-vanilla-query",
            method: "POST",
            path: #"/"#,
            query: [#"Param1"#, #"value1"#],
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"
        ),
        SignatureVector(
            name: "post-vanilla",
            method: "POST",
            path: #"/"#,
            headers: [#"Host"#, #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#],
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
        SignatureVector(
            name: "post-x-www-form-urlencoded-parameters",
            method: "POST",
            path: #"/"#,
            headers: [
                #"Content-Type"#, #"application/x-www-form-urlencoded; charset=utf8"#, #"Host"#,
                #"example.amazonaws.com"#, #"X-Amz-Date"#, #"20150830T123600Z"#,
            ],
            body: #"Param1=value1"#,
            signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"
        ),
        SignatureVector(
            name: "post-x-www-form-urlencoded",
            method: "POST",
            path: #"/"#,
            headers: [
                #"Content-Type"#, #"application/x-www-form-urlencoded"#, #"Host"#, #"example.amazonaws.com"#,
                #"X-Amz-Date"#, #"20150830T123600Z"#,
            ],
            body: #"Param1=value1"#,
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        ),
    ]
}
