extension Command {
    static let application: [Command] = [
        Command("undo", "Undo", keys: [.character("u")], help: "Takes the last edit back.",
                unavailable: { $0.history.done.isEmpty ? "there is nothing to undo" : nil }) { state in
            guard let edit = state.history.undo() else { return [] }
            state.say("undone: " + edit.what)
            return state.apply(edit)
        },
        Command("redo", "Redo", keys: [.control("r")], help: "Does the undone edit again.",
                unavailable: { $0.history.undone.isEmpty ? "there is nothing to redo" : nil }) { state in
            guard let edit = state.history.redo() else { return [] }
            state.say("done again: " + edit.what)
            return state.apply(edit)
        },
        Command("redraw", "Redraw", keys: [.control("l")], help: "Draws the whole screen anew.") { _ in [.redraw] },
        Command("suspend", "Suspend", keys: [.control("z")], help: "Back to the shell; fg returns.") { _ in [.suspend] },
        Command("quit", "Quit", keys: [.character("q"), .control("c")], footer: ("quit", 98), help: "Ends the studio; renders go on alone.") { state in
            // What runs in the engine goes on.
            let active = state.queue.jobs.count { $0.isActive && $0.endsWithStudio }
            if active == 0 { return [.quit] }
            let what = active == 1 ? "1 render is running and will be cancelled" : "\(active) renders are running and will be cancelled"
            state.overlay = .question(Question(what + ". Quit?", .quit))
            return []
        },
    ]
}
