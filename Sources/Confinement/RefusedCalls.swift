import CConfinement

/// The system calls that the process's filter has refused.
public enum RefusedCalls {
    public struct Call: Hashable, Sendable, CustomStringConvertible {
        public var number: Int32
        /// Nil for a call whose name is not known here.
        public var name: String?

        public var description: String { name.map { "\($0) (\(number))" } ?? "\(number)" }
    }

    /// What was refused since the last question; each call comes up once in the life of the process. Costs next to
    /// nothing where there is none.
    public static func takeNews() -> [Call] {
        var news: [Call] = []
        while true {
            let number = cconfinement_next_refusal()
            guard number >= 0 else { return news }
            let name = unsafe cconfinement_system_call_name(number).map { unsafe String(cString: $0) }
            news.append(Call(number: number, name: name))
        }
    }
}
