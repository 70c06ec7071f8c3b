import AudioFiles
import Mastering
import PrivacyLedger
import Synchronization

/// Holds the row of a job in the queue: who ends the row cancels the job, and the row ends when the job has.
final class QueuedJob: Erasable {
    private let state = Mutex<(isErased: Bool, act: (@Sendable () -> Void)?)>((false, nil))

    /// At once when it is erased already.
    func whenErased(_ act: @escaping @Sendable () -> Void) {
        let isErased = state.withLock { state in
            state.act = act
            return state.isErased
        }
        if isErased { act() }
    }

    func erase() -> EraseOutcome {
        let act = state.withLock { state in
            state.isErased = true
            return state.act
        }
        act?()
        return .pending
    }
}

extension Job {
    /// Every file and folder it reads or makes.
    var paths: [String] {
        if case .generate(let request) = self { return outputs + [request.stemsFolder, request.picture?.path].compactMap(\.self) }
        return requests.flatMap { [$0.input] + $0.outputs + $0.kept }
    }

    /// The same job for a process that stands elsewhere: every path as a whole one.
    public func wholePaths(in folder: String) -> Job {
        func whole(_ path: String) -> String { path.hasPrefix("/") ? path : folder + (folder.hasSuffix("/") ? "" : "/") + path }
        func whole(_ request: MasterRequest) -> MasterRequest {
            var request = request
            (request.input, request.output) = (whole(request.input), whole(request.output))
            request.kept = request.kept.map(whole)
            request.delivery.movePaths(whole)
            return request
        }
        switch self {
        case .master(let request): return .master(whole(request))
        case .album(let tracks): return .album(tracks.map(whole))
        case .generate(var request):
            request.output = whole(request.output)
            (request.midi, request.plan, request.stemsFolder) = (request.midi.map(whole), request.plan.map(whole), request.stemsFolder.map(whole))
            (request.briefFile, request.chart) = (request.briefFile.map(whole), request.chart.map(whole))
            if let picture = request.picture?.path { request.picture?.path = whole(picture) }
            return .generate(request)
        }
    }

    var purpose: ItemPurpose {
        if case .generate = self { .generation } else { .mastering }
    }

    /// Of what it says.
    var byteCount: Int64 {
        switch self {
        case .generate(let request): Int64(request.prompt.utf8.count + (request.options.amendment?.utf8.count ?? 0)) + 512
        default: requests.reduce(0) { $0 + Int64($1.presetTOML.utf8.count + ($1.curveTOML?.utf8.count ?? 0) + 512) }
        }
    }
}
