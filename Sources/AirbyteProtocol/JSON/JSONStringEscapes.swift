import Glibc

/// The escape sequences of JSON strings (RFC 8259, section 7).
enum JSONStringEscapes {
    /// The UTF-8 of a valid string's content. A surrogate without its partner becomes `?`.
    static func decoded(_ content: ArraySlice<UInt8>) -> [UInt8] {
        unsafe content.withUnsafeBufferPointer { content in
            unsafe [UInt8](unsafeUninitializedCapacity: content.count) { buffer, count in
                unsafe count = decode(content, into: buffer)
            }
        }
    }

    /// The same as text, which is made in its place: it can be very long.
    static func string(_ content: ArraySlice<UInt8>) -> String {
        unsafe content.withUnsafeBufferPointer { content in
            unsafe String(unsafeUninitializedCapacity: content.count) { buffer in
                unsafe decode(content, into: buffer)
            }
        }
    }

    /// No escape is shorter than what it stands for. Returns the number of bytes.
    private static func decode(
        _ content: UnsafeBufferPointer<UInt8>,
        into result: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        guard let source = content.baseAddress, let target = result.baseAddress else { return 0 }
        var index = 0
        var count = 0
        while index < content.count {
            let byte = unsafe source[index]
            guard byte == UInt8(ascii: "\\") else {
                let end = unsafe backslash(in: content, from: index)
                unsafe memcpy(target + count, source + index, end - index)
                count &+= end &- index
                index = end
                continue
            }
            let letter = unsafe source[index &+ 1]
            index &+= 2
            if letter == UInt8(ascii: "u") {
                unsafe appendScalar(to: target, &count, from: content, at: &index)
            } else {
                unsafe target[count] = character(of: letter)
                count &+= 1
            }
        }
        return count
    }

    private static func backslash(in content: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard let base = content.baseAddress,
            let found = unsafe memchr(base + start, Int32(UInt8(ascii: "\\")), content.count - start)
        else { return content.count }
        return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    private static func character(of letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        // A quote, a backslash or a slash stands for itself.
        default: letter
        }
    }

    /// Decodes the digits at `index`, and the low surrogate's escape behind a high surrogate's.
    private static func appendScalar(
        to target: UnsafeMutablePointer<UInt8>,
        _ count: inout Int,
        from content: UnsafeBufferPointer<UInt8>,
        at index: inout Int
    ) {
        var value = unsafe hexadecimal(content, index)
        index += 4
        if 0xD800...0xDBFF ~= value, content.count - index >= 6, unsafe content[index] == UInt8(ascii: "\\"),
            unsafe content[index + 1] == UInt8(ascii: "u")
        {
            let low = unsafe hexadecimal(content, index + 2)
            if 0xDC00...0xDFFF ~= low {
                value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)
                index += 6
            }
        }
        guard let scalar = Unicode.Scalar(value) else {
            unsafe target[count] = UInt8(ascii: "?")
            count += 1
            return
        }
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
            unsafe target[count] = byte
            count += 1
        }
    }

    private static func hexadecimal(_ content: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in start..<(start + 4) {
            let digit = unsafe content[index]
            // Bit 6 tells letters of either case from digits; the letters' low four bits begin with 1.
            value = (value << 4) + UInt32(digit & 0x0F) + (digit & 0x40 != 0 ? 9 : 0)
        }
        return value
    }
}
