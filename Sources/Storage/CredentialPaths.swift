extension S3Settings {
    /// Every file from which credentials may be read, whether it exists or not. A profile can name one more, which is why it
    /// is read here.
    package func credentialPaths(files: CredentialFiles) -> [String] {
        var paths = [credentials.webIdentity?.tokenFile, credentials.container?.tokenFile].compactMap { $0 }
        if let profile = credentials.profile {
            paths += [profile.credentialsFile, profile.configFile]
            let tokenFile = AWSCredentialChain.tokenFile(of: profile, files: files)
            if let tokenFile { paths.append(tokenFile) }
        }
        return paths
    }
}

extension GCSSettings {
    /// Every file from which credentials may be read, whether it exists or not.
    ///
    /// Credentials of workload identity federation name one more, which is why they are read here.
    package func credentialPaths(files: CredentialFiles) -> [String] {
        let content: [UInt8]?
        var paths: [String] = []
        switch identity {
        case .none, .metadataServer: return []
        case .inline(let text): content = Array(text.utf8)
        case .file(let path):
            paths.append(path)
            content = try? files.read(path)
        }
        if let content, case .externalAccount(let account) = try? GoogleCredentials(parsing: content) {
            paths.append(account.tokenFile)
        }
        return paths
    }
}

extension AzureSettings {
    /// Every file from which credentials may be read, whether it exists or not.
    package var credentialPaths: [String] {
        if case .workloadIdentity(let identity) = authorization { return [identity.tokenFile] }
        return []
    }
}
