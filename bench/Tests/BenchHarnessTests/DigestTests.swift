import Testing

@testable import BenchHarness

@Suite struct DigestTests {
    private func digest(_ algorithm: BodyDigest.Algorithm, _ pieces: [String]) -> [UInt8] {
        let digest = BodyDigest(algorithm)
        for piece in pieces { Array(piece.utf8).withUnsafeBytes { digest.add($0) } }
        return digest.finish()
    }

    /// FIPS 180-4's example, and RFC 1321's.
    @Test func publishedVectors() {
        #expect(
            BodyDigest.hexadecimal(digest(.sha256, ["a", "bc"]))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(BodyDigest.hexadecimal(digest(.md5, ["ab", "", "c"])) == "900150983cd24fb0d6963f7d28e17f72")
    }

    /// RFC 4648, section 10.
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(text: String, encoded: String) {
        #expect(BodyDigest.base64(Array(text.utf8)) == encoded)
    }
}
