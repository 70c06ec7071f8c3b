import AudioFiles
import FoundationEssentials
import Glibc
import Mastering
import PrivacyLedger
import Rendering

/// A token of a Lathe server with accounts: got with an SSH key or an identity provider, and kept in a file that only its user can read.
public struct Enrolment: Sendable {
    public struct Granted: Sendable {
        /// Never printed.
        let token: String
        public let account: String
        /// Seconds since 1970.
        public let expires: Double
    }

    private let settings: TierSettings

    /// - Throws: `JobFailure` for a tier of another protocol.
    public init(_ settings: TierSettings) throws(JobFailure) {
        guard settings.speaks == .lathe else {
            throw JobFailure(message: "\(settings.name): speaks \(settings.speaks.rawValue); tokens of this kind are of Lathe servers (protocol = \"lathe\")", exitCode: 64)
        }
        self.settings = settings
    }

    /// A challenge of the server's, signed with the key.
    public func enrol(with key: SSHKey) async throws(JobFailure) -> Granted {
        let challenge = try await call("/v1/accounts/challenge", .object([:]))
        guard let text = challenge["challenge"]?.string, let namespace = challenge["namespace"]?.string,
              // The key signs nothing but what is plainly a challenge of this kind.
              namespace == "lathe", text.hasPrefix("lathe-"), text.utf8.count <= 100, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw strange }
        let signature = try key.sign(text, namespace: namespace)
        return try granted(await call("/v1/accounts/token", .object(["challenge": .string(text), "public_key": .string(key.line), "signature": .string(signature)])))
    }

    /// Tells where to enter which code, and asks until somebody has.
    /// - Parameter tell: the address and the code, cleaned.
    public func enrol(by provider: String, tell: (_ address: String, _ code: String) -> Void) async throws(JobFailure) -> Granted {
        let begun = try await call("/v1/accounts/device", .object(["provider": .string(provider)]))
        guard let device = begun["device"]?.string, device.utf8.count <= 100, let code = begun["user_code"]?.string, let address = begun["verification_uri"]?.string else { throw strange }
        tell(RemoteText.clean(address.prefix(400)), RemoteText.clean(code.prefix(64)))
        var wait = begun["interval_seconds"]?.number ?? 5
        let end = ContinuousClock.now + .seconds(min(max(begun["expires_in_seconds"]?.number ?? 0, 30), 1800))
        while ContinuousClock.now < end {
            do { try await Task.sleep(for: .seconds(min(max(wait, 1), 60))) } catch { throw JobFailure(message: "cancelled; no token was got", exitCode: 130) }
            let answer = try await call("/v1/accounts/device/token", .object(["device": .string(device)]))
            if answer["token"] != nil { return try granted(answer) }
            wait = answer["interval_seconds"]?.number ?? wait
        }
        throw JobFailure(message: "\(settings.name): nobody entered the code in time; try again", exitCode: 75)
    }

    private func granted(_ answer: JSONValue) throws(JobFailure) -> Granted {
        guard let token = answer["token"]?.string, (20...512).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
              let account = answer["account"]?.string, let expires = answer["expires_at_ms"]?.number else { throw strange }
        return Granted(token: token, account: RemoteText.clean(account.prefix(64)), expires: expires / 1000)
    }

    /// Puts the token into a file with mode 0600, in place of an older one.
    /// - Throws: `JobFailure`; the older one is then still there.
    public static func keep(_ granted: Granted, in path: String) throws(JobFailure) {
        func failed() -> JobFailure { JobFailure(message: "\(path.printable): the token cannot be written (\(String(cString: strerror(errno)).lowercased())); it was not kept", exitCode: 73) }
        let new = path + ".new"
        _ = new.withFileName { unlink($0) }
        let fd = new.withFileName { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard fd >= 0 else { throw failed() }
        let bytes = Array((granted.token + "\n").utf8)
        let isWritten = write(fd, bytes, bytes.count) == bytes.count && fsync(fd) == 0
        close(fd)
        guard isWritten, new.withFileName({ new in path.withFileName { rename(new, $0) } }) == 0 else {
            let error = failed()
            _ = new.withFileName { unlink($0) }
            throw error
        }
    }

    private var strange: JobFailure { JobFailure(message: "\(settings.name): answers as no Lathe server does; check the url", exitCode: 69) }

    private func call(_ path: String, _ body: JSONValue) async throws(JobFailure) -> JSONValue {
        do throws(TierError) {
            let line = try HTTPLine(settings.url, secret: nil, caFile: settings.caFile)
            do throws(TierError) {
                let answer = try await line.post(path, json: body, within: 15)
                let bytes = try await line.text(answer)
                await line.close()
                guard let value = JSONValue(bytes: bytes) else { throw .transport(.protocolMismatch) }
                guard answer.status < 400 else {
                    let words = RemoteText.clean((value["error"]?["message"]?.string ?? "status \(answer.status)").prefix(200))
                    throw .workerFailure(words)
                }
                return value
            } catch {
                await line.close()
                throw error
            }
        } catch {
            throw JobFailure(message: "\(settings.name): no token from \(settings.url.origin): \(error.detail ?? error.label)", exitCode: 69)
        }
    }
}
