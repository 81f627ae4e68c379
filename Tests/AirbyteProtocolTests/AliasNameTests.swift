import Testing

@testable import AirbyteProtocol

@Suite struct AliasNameTests {
    @Test(arguments: [
        ("", ""), ("users", "users"), ("Users_2", "Users_2"), ("users-data", "users_data"),
        ("a.b/c", "a_b_c"), ("a--b", "a__b"),
        // White space: a run is one underscore, its neighbours are their own.
        ("a b", "a_b"), ("a \t\n\u{b}\u{c}\r b", "a_b"), (" a ", "_a_"), ("a - b", "a___b"),
        ("a _ b", "a___b"), ("   ", "_"),
        // Spaces that decompose into U+0020, and white space that does not.
        ("a\u{a0}\u{2003}\u{3000} b", "a_b"), ("a\u{2028}\u{2028}b", "a__b"), ("a\u{1680}b", "a_b"),
        ("a\u{200b}b", "a_b"),
        // Combining marks, composed and not.
        ("é", "e"), ("e\u{301}", "e"), ("Å\u{212b}", "AA"), ("Über-Größe", "Uber_Gro_e"), ("ñandú", "nandu"),
        ("a\u{20dd}", "a"),
        ("\u{301}", ""), ("a \u{301} b", "a_b"), ("Tiếng Việt", "Tieng_Viet"), ("\u{b4}", "_"),
        ("a\u{fe0f}", "a"),
        // Compatibility forms.
        ("ﬁle", "file"), ("①②", "12"), ("x²", "x2"), ("½", "1_2"), ("ＡＢＣ１", "ABC1"), ("㎏", "kg"),
        ("…", "___"), ("™", "TM"),
        ("ĳ", "ij"), ("ſ", "s"), ("𝐀", "A"), ("㌀", "____"),
        // Other scripts and emoji: one underscore for each scalar of the decomposition.
        ("漢字", "__"), ("😀", "_"), ("👩‍👧", "___"), ("한", "___"), ("日本 語", "___" + "_"), ("Привет", "______"),
        ("й", "_"), ("ß", "_"),
        ("א", "_"), ("שׁ", "_"), ("क्", "_"), ("\u{0}", "_"), ("a\"b", "a_b"),
    ])
    func followsTheRule(_ name: String, _ expected: String) {
        #expect(AliasName.from(name) == expected)
    }

    /// Long names are decomposed piece by piece, cut anywhere.
    @Test(arguments: ["é", "e\u{301}\u{302}", "ﷺ", "한", "a \t b", " ", "👩‍👧", "क्\u{301}"])
    func longNamesFollowTheSameRule(_ part: String) {
        for padding in 0..<4 {
            let start = String(repeating: "x", count: padding)
            let name = start + String(repeating: part, count: 3_000) + "y"
            // Scalar by scalar, since nothing is cut then.
            var expected = ""
            var endsWithSpace = false
            for scalar in name.unicodeScalars {
                let isSpace = scalar.value == 0x20 || 0x09...0x0D ~= scalar.value
                if !(isSpace && endsWithSpace) { expected += AliasName.from(String(scalar)) }
                endsWithSpace = isSpace
            }
            #expect(AliasName.from(name) == expected)
        }
    }
}
