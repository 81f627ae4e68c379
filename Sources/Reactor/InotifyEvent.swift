import CInotify

/// What inotify(7) reports and is asked for, in the kernel's bits.
public struct InotifyMask: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    private init(_ bits: Int32) {
        rawValue = UInt32(bitPattern: bits)
    }

    public static let modify = InotifyMask(IN_MODIFY)
    public static let attributes = InotifyMask(IN_ATTRIB)
    public static let closeWrite = InotifyMask(IN_CLOSE_WRITE)
    public static let closeNoWrite = InotifyMask(IN_CLOSE_NOWRITE)
    public static let open = InotifyMask(IN_OPEN)
    public static let movedFrom = InotifyMask(IN_MOVED_FROM)
    public static let movedTo = InotifyMask(IN_MOVED_TO)
    public static let create = InotifyMask(IN_CREATE)
    public static let delete = InotifyMask(IN_DELETE)
    public static let deleteSelf = InotifyMask(IN_DELETE_SELF)
    public static let moveSelf = InotifyMask(IN_MOVE_SELF)

    /// Asked for: watch only if the path is a directory.
    public static let onlyDirectory = InotifyMask(IN_ONLYDIR)
    /// Asked for: do not follow a symbolic link.
    public static let doNotFollow = InotifyMask(IN_DONT_FOLLOW)
    /// Asked for: no events of entries that have been unlinked.
    public static let excludeUnlinked = InotifyMask(IN_EXCL_UNLINK)

    /// Reported: the watch has ended, by removal or with its object.
    public static let ignored = InotifyMask(IN_IGNORED)
    /// Reported: the object is a directory.
    public static let isDirectory = InotifyMask(IN_ISDIR)
    /// Reported: the queue was full and events are lost; look at everything anew. Belongs to no watch.
    public static let overflow = InotifyMask(IN_Q_OVERFLOW)
    /// Reported: the file system was unmounted.
    public static let unmounted = InotifyMask(IN_UNMOUNT)
}

/// One watched object within an inotify source. A number is not used again while the source lives.
public struct InotifyWatch: Hashable, Sendable {
    public var rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }
}

/// One event of inotify(7).
public struct InotifyEvent: Hashable, Sendable {
    /// Where it happened; −1 for an overflow.
    public var watch: InotifyWatch
    public var mask: InotifyMask
    /// Joins the two events of a rename.
    public var cookie: UInt32
    /// The entry's name in a watched directory, as raw bytes; empty where the object itself is meant.
    public var nameBytes: [UInt8]

    /// The entry's name, with U+FFFD for what is not UTF-8.
    public var name: String { String(decoding: nameBytes, as: UTF8.self) }
    /// Whether events were lost before this one.
    public var isOverflow: Bool { mask.contains(.overflow) }

    /// The events that one read(2) of an inotify descriptor left in memory.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> [InotifyEvent] {
        let header = MemoryLayout<inotify_event>.size
        var events: [InotifyEvent] = []
        var offset = 0
        // The kernel writes whole events only.
        while offset + header <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let end = min(offset + header + Int(event.len), bytes.count)
            // The name is padded with zeros to the next event's alignment.
            let name = bytes[(offset + header)..<end].prefix { $0 != 0 }
            events.append(
                InotifyEvent(
                    watch: InotifyWatch(rawValue: event.wd),
                    mask: InotifyMask(rawValue: event.mask),
                    cookie: event.cookie,
                    nameBytes: Array(name)
                )
            )
            offset = end
        }
        return events
    }
}
