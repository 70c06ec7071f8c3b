import Rendering

extension JobWay {
    /// nil for a job that had no choice.
    init?(_ status: JobStatus) {
        guard let route = status.route else { return nil }
        line = route.line(now: status.endedAt ?? route.decisions.last?.at ?? status.submittedAt)
        reasons = route.why + (route.hasRejected ? ["what was refused last is kept for half an hour: lathe queue rejected \(status.id) -o FILE saves it"] : [])
        decisions = route.decisions.count
        told = status.state == .running ? status.remote?.line : nil
        standings = route.standings(now: status.endedAt ?? route.decisions.last?.at ?? status.submittedAt).map { tier, place, words, backAt in
            "\(tier) (\(place)): \(words)" + (backAt.map { ", that is at " + LiveTime.clock($0) } ?? "")
        }
        lamps = route.tiers.indices.map { tier in
            let own = route.decisions.last { $0.tier == tier }
            let standing: Lamp.Standing = switch own?.verdict {
            case .started, .probing, .probed(true): status.state.isOver ? .good : .working
            case .accepted, nil, .answered(true): .good
            case .skipped(.forbidden), .skipped(.notAllowed), .skipped(.cannotDo), .answered(false), .asked: .closed
            case .skipped, .failed, .pausing, .probed(false), .cancelled: .out
            }
            return Lamp(name: route.tiers[tier].name, standing: standing)
        }
        ask = status.state.isOver ? nil : Self.ask(route, status)
    }

    private static func ask(_ route: RouteLog, _ status: JobStatus) -> Ask? {
        switch route.question {
        case .consent(let tier)?:
            guard route.tiers.indices.contains(tier) else { return nil }
            let what = if case .generate(let request) = status.job {
                (request.picture == nil ? "the prompt of " : "the prompt and the picture of ") + Path.name(of: status.job.output)
            } else { Path.name(of: status.job.input) }
            return Ask(text: "May \(what) go to \(route.tiers[tier].name) (\(route.tiers[tier].privacyClass.title))?", isConsent: true)
        case .afterRefusal(let tier)?:
            guard route.tiers.indices.contains(tier) else { return nil }
            return Ask(text: "\(route.tiers[tier].name) refuses \(Path.name(of: status.job.output)) for what it contains. Go on elsewhere?", isConsent: false)
        case nil: return nil
        }
    }
}
