// A live board over Server-Sent Events with package:http, for Flutter. Listen again
// with back-off when the stream ends: it goes on from the last event.
import 'dart:convert';
import 'package:http/http.dart' as http;

class Board {
  final Map<String, Map<String, dynamic>> _entries = {};
  int _version = -1;
  String? _lastId;

  Stream<List<Map<String, dynamic>>> watch(Uri base, String competition, String token) async* {
    final request = http.Request('GET', base.resolve('/api/v1/leaderboard/$competition/events?limit=25'))
      ..headers['Authorization'] = 'Bearer $token';
    if (_lastId != null) request.headers['Last-Event-ID'] = _lastId!;
    final client = http.Client();
    try {
      final response = await client.send(request);
      if (response.statusCode != 200) throw http.ClientException('status ${response.statusCode}');
      final lines = response.stream.transform(utf8.decoder).transform(const LineSplitter());
      await for (final line in lines.timeout(const Duration(seconds: 30))) { // a comment comes every 15 s
        if (line.startsWith('id:')) _lastId = line.substring(3).trim();
        if (!line.startsWith('data:')) continue;
        final frame = jsonDecode(line.substring(5)) as Map<String, dynamic>;
        final data = frame['data'] as Map<String, dynamic>;
        switch (frame['type']) {
          case 'leaderboard_update':
            _entries.clear();
          case 'score_update':
            if (data['previous_version'] != _version) { // a gap: take the whole board
              _lastId = null;
              return;
            }
          default:
            continue;
        }
        for (final user in data['removed'] ?? const []) _entries.remove(user);
        for (final entry in data['entries'] ?? data['changes'] ?? const []) _entries[entry['user_id']] = entry;
        _version = data['version'];
        yield _entries.values.toList()..sort((a, b) => (a['rank'] as int).compareTo(b['rank'] as int));
      }
    } finally {
      client.close();
    }
  }
}
