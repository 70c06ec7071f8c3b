import PrivacyLedger
import Rendering

/// From the configuration to tiers. A new protocol is a file of its own and a line here.
public enum RemoteTierList {
    public static func make(_ settings: [TierSettings]) -> [any RemoteTier] { settings.map(make) }

    /// What the policy says of them.
    public static func promises(_ settings: [TierSettings]) -> [TierPromise] {
        settings.map { TierPromise(name: $0.name, privacyClass: $0.privacyClass, end: make($0).end, isAgreed: $0.consent == .always) }
    }

    /// Whether the protocol knows this kind of job.
    public static func can(_ work: TierWork, _ settings: TierSettings) -> Bool {
        switch settings.speaks {
        case .gradio, .lathe: true
        case .aceStep, .audioJSON, .lyria: work == .generate
        }
    }

    public static func make(_ settings: TierSettings) -> any RemoteTier {
        switch settings.speaks {
        case .gradio: GradioTier(settings)
        case .lathe: LatheServerTier(settings)
        case .aceStep: ACEStepTier(settings)
        case .audioJSON: AudioJSONTier(settings)
        case .lyria: LyriaTier(settings)
        }
    }
}
