import Text

/// What a `$ref` of a schema points at.
enum SchemaReference {
    case wellKnown(WellKnownType)
    /// Into the file of the well-known types, but to none of them.
    case unknownWellKnown
    /// Into the schema itself: the steps of a JSON pointer (RFC 6901), decoded. None of them is the whole schema.
    case local([ArraySlice<UInt8>])
    /// To a place within the schema that bears this name.
    case anchor(ArraySlice<UInt8>)
    /// To another file, named relative to the schema.
    case otherFile
    /// To somewhere in the world: it has a scheme or a host (RFC 3986).
    case url

    init(_ text: ArraySlice<UInt8>) {
        let hash = text.firstIndex(of: UInt8(ascii: "#")) ?? text.endIndex
        let file = text[..<hash]
        let fragment = text[hash...].dropFirst()
        // Bytes, since Swift takes some other letters for equal, as the sign of the kelvin for a K.
        if file.elementsEqual(WellKnownType.fileName.utf8) {
            self = Self.wellKnownType(fragment).map(SchemaReference.wellKnown) ?? .unknownWellKnown
        } else if !file.isEmpty {
            self = Self.isURL(file) ? .url : .otherFile
        } else {
            // Percent signs are decoded before the pointer's own escapes (RFC 6901, section 6).
            let fragment = PercentEncoder.decode(fragment)
            let isPointer = fragment.isEmpty || fragment.first == UInt8(ascii: "/")
            self = isPointer ? .local(Self.steps(of: fragment)) : .anchor(fragment)
        }
    }

    private static func wellKnownType(_ fragment: ArraySlice<UInt8>) -> WellKnownType? {
        let folder = "/definitions/".utf8
        guard fragment.starts(with: folder) else { return nil }
        let name = fragment.dropFirst(folder.count)
        return WellKnownType.allCases.first { name.elementsEqual($0.rawValue.utf8) }
    }

    private static func isURL(_ file: ArraySlice<UInt8>) -> Bool {
        if file.starts(with: "//".utf8) { return true }
        guard let colon = file.firstIndex(of: UInt8(ascii: ":")), file.first?.isASCIILetter == true else {
            return false
        }
        return file[..<colon].allSatisfy {
            $0.isASCIILetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || "+-.".utf8.contains($0)
        }
    }

    private static func steps(of pointer: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        // An empty pointer has no steps; "/" has one, whose name is empty.
        pointer.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map(
            unescaped
        )
    }

    private static func unescaped(_ step: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard step.contains(UInt8(ascii: "~")) else { return step }
        var result: [UInt8] = []
        var rest = step
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "~"), rest.first == UInt8(ascii: "0") || rest.first == UInt8(ascii: "1") {
                result.append(rest.removeFirst() == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
            } else {
                result.append(byte)
            }
        }
        return result[...]
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}
