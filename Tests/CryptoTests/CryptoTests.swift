import Testing

@testable import Crypto

@Suite struct CryptoTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// RFC 1321, appendix A.5.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    ])
    func md5(_ text: String, _ hash: String) {
        #expect(Digest.md5(bytes(text))?.hexadecimal == hash)
    }

    /// FIPS 180-4's examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256(_ text: String, _ hash: String) {
        #expect(Digest.sha256(bytes(text)).hexadecimal == hash)
    }

    @Test func piecesGiveTheSameAsTheWhole() throws {
        let digest = try #require(Digest(.sha256))
        for piece in [bytes("abcdbcdecdefdefgef"), [], bytes("ghfghighijhijkijkljklmklmnlmnomnopnopq")] {
            digest.update(piece)
        }
        #expect(
            digest.finish().hexadecimal == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        )
    }

    /// RFC 4231, test cases 1, 2, 3 and 6; and no key at all.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func hmac(_ key: [UInt8], _ text: String, _ code: String) {
        #expect(Signing.hmacSHA256(key: key, bytes(text)).hexadecimal == code)
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64(_ text: String, _ encoded: String) {
        #expect(Base64.encode(bytes(text)) == encoded)
        #expect(Base64.decode(encoded) == bytes(text))
    }

    @Test func base64ForURLs() {
        #expect(Base64.encodeForURL([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(Base64.encodeForURL([0xFF]) == "_w")
        #expect(Base64.decodeForURL("-_-_") == [0xFB, 0xFF, 0xBF])
        #expect(Base64.decodeForURL("_w") == [0xFF])
        #expect(Base64.decodeForURL("") == [])
        for text in ["+/+/", "_w==", "_", "_w\0"] { #expect(Base64.decodeForURL(text) == nil, "\(text)") }
    }

    @Test(arguments: ["Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm 9", "Zm9-", "é", "Zg=v"])
    func noBase64(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func keysThatAreNone(_ pem: String) {
        #expect(Signing.rs256(privateKey: pem, bytes("text")) == nil)
    }
}
