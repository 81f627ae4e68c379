import Settings

@testable import Sidecar

/// A setting without which nothing can be read.
let minimalEnvironment = ["WORKLOAD_API_HOST": "http://workload-api:8007"]

/// The configuration that the minimal environment gives with some variables added.
func configuration(
    _ variables: [String: String] = [:],
    paths: PathProbe = .everything
) throws -> Configuration {
    try Configuration(environment: minimalEnvironment.merging(variables) { $1 }, paths: paths)
}

/// What stops the start with the minimal environment once some variables are added.
func problems(with variables: [String: String], paths: PathProbe = .everything) -> [ConfigurationProblem] {
    do {
        _ = try Configuration(environment: minimalEnvironment.merging(variables) { $1 }, paths: paths)
        return []
    } catch {
        return error.problems
    }
}

/// What is wrong with the minimal environment once some variables are added, while the job goes on.
func warnings(with variables: [String: String], paths: PathProbe = .everything) throws
    -> [ConfigurationWarning]
{
    try configuration(variables, paths: paths).warnings
}

extension PathProbe {
    /// A machine on which every folder is there and every file can be read.
    static let everything = PathProbe(isFolder: { _ in true }, readingProblem: { _ in nil })
    static let nothingButFolders = PathProbe(isFolder: { _ in true }, readingProblem: { _ in "ENOENT" })
    /// A machine that has nothing.
    static let nothing = PathProbe(isFolder: { _ in false }, readingProblem: { _ in "ENOENT" })
}
