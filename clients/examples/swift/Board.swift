// A live board over Server-Sent Events with URLSession. Call watch again with
// back-off when it returns or throws: it goes on from the last event.
import Foundation

struct Entry: Decodable { let user_id: String; let user_name: String; let score: Int; let rank: Int }

actor Board {
    private struct Frame: Decodable { let type: String; let data: Payload }
    private struct Payload: Decodable {
        let version: Int?, previous_version: Int?
        let entries: [Entry]?, changes: [Entry]?, removed: [String]?
    }

    private var entries: [String: Entry] = [:]
    private var version = -1
    private var lastID: String?

    func watch(base: URL, competition: String, token: String, show: @Sendable ([Entry]) -> Void) async throws {
        var request = URLRequest(url: base.appending(path: "api/v1/leaderboard/\(competition)/events"))
        request.timeoutInterval = 30 // a comment comes every 15 s
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        if let lastID { request.setValue(lastID, forHTTPHeaderField: "Last-Event-ID") }
        let (bytes, response) = try await URLSession.shared.bytes(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw URLError(.badServerResponse) }
        for try await line in bytes.lines {
            if line.hasPrefix("id:") { lastID = line.dropFirst(3).trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("data:"),
                  let frame = try? JSONDecoder().decode(Frame.self, from: Data(line.dropFirst(5).utf8)) else { continue }
            switch frame.type {
            case "leaderboard_update": entries = [:]
            case "score_update":
                guard frame.data.previous_version == version else { lastID = nil; return } // a gap: take the whole board
            default: continue
            }
            frame.data.removed?.forEach { entries[$0] = nil }
            (frame.data.entries ?? frame.data.changes ?? []).forEach { entries[$0.user_id] = $0 }
            version = frame.data.version ?? version
            show(entries.values.sorted { $0.rank < $1.rank })
        }
    }
}
