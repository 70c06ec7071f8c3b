import Foundation
import Mastering
@testable import RemoteTiers
import Rendering
import TestSupport
import Testing

@Suite("Tiers as configured")
struct ConfigurationTests {
    private static let good = """
        schema = 1

        [[tier]]
        name = "gpu"
        protocol = "gradio"
        url = "http://gpu.lan:7860/app/"
        privacy = "own"
        key_env = "GPU_KEY"
        fields = { prompt = "caption" }

        [[tier]]
        name = "space"
        protocol = "lathe"
        url = "https://lathe.example"
        privacy = "third_party"
        consent = "always"
        deadline_seconds = 120
        jobs = ["master"]
        keeps_seconds = 900
        """

    @Test("tiers come in their order, with every key where it belongs")
    func reads() throws {
        let tiers = try TierConfiguration.parse(Self.good, file: "config.toml")
        #expect(tiers.map(\.name) == ["gpu", "space"])
        #expect(tiers[0].url.origin == "http://gpu.lan:7860" && tiers[0].url.path == "/app" && tiers[0].consent == .ask && tiers[0].fields == ["prompt": "caption"])
        #expect(tiers[0].key?.source == .environment("GPU_KEY"))
        #expect(tiers[1].privacyClass == .thirdParty && tiers[1].consent == .always && tiers[1].deadlineSeconds == 120 && tiers[1].work == [.master])
        #expect(try TierConfiguration.tiers(at: "/nowhere/config.toml").isEmpty)
    }

    @Test("every mistake is named with its line and column", arguments: [
        ("[[tier]]\nname = \"a\"\nprotocl = \"gradio\"", "config.toml:3:1: unknown key 'protocl'; did you mean 'protocol'?"),
        ("[[tier]]\nname = \"a b\"\nprotocol = \"gradio\"\nurl = \"http://x\"", "config.toml:2:1: a name has 1 to 40"),
        ("[[tier]]\nname = \"local\"\nprotocol = \"gradio\"\nurl = \"http://x\"", "config.toml:2:1: 'local' is this machine"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"soap\"\nurl = \"http://x\"", "config.toml:3:1: protocol is none of its words; use one of gradio, lathe"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"", "config.toml:1:3: a tier needs a url"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"https://me:secret@x\"", "config.toml:4:1: the url is no http or https address"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"http://space.example\"\nprivacy = \"third_party\"", "config.toml:4:1: sound and keys would go"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"http://studio.lan\"\nprivacy = \"local_network\"\nkey_env = \"K\"", "config.toml:4:1: the key would go over the network"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"https://x\"\nkey_env = \"sk-123\"", "config.toml:5:1: is not the name of an environment variable"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"https://x\"\ndeadline_seconds = 1", "config.toml:5:1: deadline_seconds must be a number from 10"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"https://x\"\nfields = { promt = \"y\" }", "config.toml:5:12: unknown key 'promt'"),
        ("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"https://x\"\n[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"https://y\"", "config.toml:6:1: there are two tiers"),
        ("[tier]\nname = 3", "config.toml:1:2: tier must be a list"),
        ("[[tier]\n", "config.toml:1:"),
    ])
    func mistakes(text: String, expected: String) throws {
        let error = #expect(throws: PresetError.self) { try TierConfiguration.parse(text, file: "config.toml") }
        #expect(error?.message.hasPrefix(expected) == true, "\(error?.message ?? "")")
        // What stands where a key was expected may be one.
        #expect(error?.message.contains("secret") != true && error?.message.contains("sk-123") != true)
    }

    @Test("a key comes from a file that nobody else may read, and is never shown")
    func secrets() throws {
        let folder = Folder(), path = folder.file("key")
        try "sk-very-secret\n".write(toFile: path, atomically: false, encoding: .utf8)
        chmod(path, 0o644)
        let secret = Secret(.file(path))
        #expect(throws: SecretError.self) { try secret.value() }
        chmod(path, 0o600)
        #expect(try secret.value() == "sk-very-secret")
        var shown = ""
        dump(secret, to: &shown)
        #expect(!"\(secret) \(String(reflecting: secret)) \(shown)".contains("very-secret"))
        try "two\nlines".write(toFile: path, atomically: false, encoding: .utf8)
        chmod(path, 0o600)
        #expect(throws: SecretError.self) { try secret.value() }
        #expect(Secret(.environment("LATHE_NO_SUCH_KEY")).problem?.contains("LATHE_NO_SUCH_KEY") == true)
    }

    @Test("each key of the table is one that the parser takes, and none is missing")
    func tableIsTrue() throws {
        for key in TierSettingKey.all {
            let error = #expect(throws: PresetError.self) { try TierConfiguration.parse("[[tier]]\nname = \"a\"\nprotocol = \"gradio\"\nurl = \"https://x\"\n\(key.name) = []\n", file: "c") }
            #expect(error?.message.contains("unknown key") == false, "\(key.name)")
        }
    }
}
