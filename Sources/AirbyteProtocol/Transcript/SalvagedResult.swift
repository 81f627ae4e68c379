/// A result that was found behind text on its line.
///
/// Airbyte's Python CDK (7.39.1) puts stdout and stderr into one buffer while a command runs: a progress text without a
/// line end then stands in front of the only result.
public struct SalvagedResult: Hashable, Sendable {
    public var result: OperationResult
    /// What stands before the message on its line, whole; a note of its length where it is longer than
    /// `maxTextLength`. Secrets in it have to be hidden before it is cut.
    public var textBefore: String

    /// In bytes of UTF-8: nobody reads more of it, and it is kept until the end.
    public static let maxTextLength = 64 * 1_024

    public init(result: OperationResult, textBefore: String) {
        self.result = result
        self.textBefore = textBefore
    }
}
