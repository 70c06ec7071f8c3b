import ArgumentParser
import AudioFiles
import Mastering

/// `--deliver flac:24`, `mp3`, `wav:16:44100`: a container, then word length and sample rate where they differ from the master's.
struct DeliverableOption: ExpressibleByArgument, Equatable {
    let container: OutputFormat.Container
    let bits: OutputFormat.SampleBits?
    let sampleRate: Int?

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let container = OutputFormat.Container(rawValue: parts[0].lowercased()), parts.count <= 3 else { return nil }
        var bits: OutputFormat.SampleBits?, rate: Int?
        for part in parts.dropFirst() {
            // The two cannot be taken for each other, so their order does not matter.
            if let word = OutputFormat.SampleBits(rawValue: part), bits == nil {
                bits = word
            } else if let hz = Int(part), (8000...384_000).contains(hz), rate == nil {
                rate = hz
            } else {
                return nil
            }
        }
        if bits != nil, container.isLossy { return nil }
        (self.container, self.bits, sampleRate) = (container, bits, rate)
    }

    /// `-16-44100`: tells it from another of the same ending.
    fileprivate var suffix: String { (bits.map { "-" + $0.rawValue } ?? "") + (sampleRate.map { "-\($0)" } ?? "") }
}

extension MasterPlan {
    /// What a command makes of each input besides the master.
    struct Extras {
        var deliverables: [DeliverableOption] = []
        var manifest = false
        var isrc: ISRC?
        var codecCheck = CodecCheck.Mode.off

        /// The names: the master's with another ending; where that is taken, word length and rate before the ending.
        func delivery(besides master: String) -> Delivery {
            var delivery = Delivery()
            let stem = Self.stem(of: master)
            var taken = [master]
            for option in deliverables {
                let ending = "." + option.container.fileExtension
                let path = taken.contains(stem + ending) ? stem + option.suffix + ending : stem + ending
                taken.append(path)
                delivery.deliverables.append(
                    Deliverable(output: path, container: option.container, bits: option.bits, sampleRate: option.sampleRate))
            }
            if manifest { delivery.manifest = master + ".manifest.json" }
            delivery.isrc = isrc
            delivery.codecCheck = codecCheck
            return delivery
        }

        private static func stem(of path: String) -> String {
            guard let dot = path.lastIndex(of: "."), OutputFormat.Container(path: path) != nil else { return path }
            return String(path[..<dot])
        }
    }
}
