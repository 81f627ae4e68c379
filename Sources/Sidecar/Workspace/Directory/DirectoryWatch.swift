import Reactor

/// Watches a workspace's directory through inotify.
final class DirectoryWatch: WorkspaceWatch {
    let missing: SystemError? = nil
    private let handler: ([WorkspaceChange]) -> Void
    private var source: InotifySource?
    private var directoryWatch: InotifyWatch?
    private var outputWatch: InotifyWatch?

    init(
        _ directory: OpenDirectory,
        _ inotify: Inotify,
        _ handler: @escaping ([WorkspaceChange]) -> Void
    ) throws(SystemError) {
        self.handler = handler
        let source = InotifySource(inotify) { [weak self] events in self?.report(events) }
        directoryWatch = try source.watch(
            descriptor: directory.descriptor,
            [.create, .movedTo, .modify, .closeWrite, .onlyDirectory]
        )
        self.source = source
    }

    func watchOpens(of output: any WorkspaceFile) {
        ignoreOpens()
        // Where the user's limit of watches is used up, rescans and heartbeats have to do.
        outputWatch = try? source?.watch(descriptor: output.descriptor, [.open, .closeNoWrite])
    }

    func ignoreOpens() {
        // EINVAL: the file is gone, and the watch with it.
        if let outputWatch { try? source?.remove(outputWatch) }
        outputWatch = nil
    }

    func cancel() {
        source?.cancel()
        source = nil
    }

    private func report(_ events: [InotifyEvent]) {
        let changes = events.compactMap(change)
        // Events of other files, too, show that inotify is not silent.
        handler(changes)
    }

    private func change(_ event: InotifyEvent) -> WorkspaceChange? {
        if event.isOverflow { return .unknown }
        let mask = event.mask
        if event.watch == outputWatch {
            if mask.contains(.open) { return .outputOpened }
            return mask.contains(.closeNoWrite) ? .outputReleased : nil
        }
        // The directory itself cannot go while it is held open, but its file system can be unmounted.
        if mask.contains(.ignored) { return event.watch == directoryWatch ? .unmounted : nil }
        if event.nameBytes.elementsEqual(FileName.output.utf8) {
            if mask.contains(.closeWrite) { return .outputClosed }
            return mask.isDisjoint(with: [.create, .movedTo]) ? .outputWritten : .outputReplaced
        }
        guard event.nameBytes.elementsEqual(FileName.exitCode.utf8) else { return nil }
        return mask.isDisjoint(with: [.movedTo, .closeWrite]) ? .exitCodeCreated : .exitCodeComplete
    }
}
