// A live board on React Native. The client needs no polyfill. A phone that sleeps
// loses its connection without a word: look at once when the app is seen again.
import { BoardClient } from "@paceboard/client";
import { useBoard } from "@paceboard/client/react";
import { useEffect } from "react";
import { AppState, FlatList, Text, View } from "react-native";
import { supabase } from "./supabase";

export async function openClient(): Promise<BoardClient> {
  const { data } = await supabase.auth.getSession();
  return new BoardClient({
    url: "https://boards.example.org",
    token: data.session?.access_token ?? "",
    renewToken: async () => {
      const { data, error } = await supabase.auth.refreshSession();
      if (error) throw error; // no network: tried again
      return data.session?.access_token;
    },
  });
}

export function Board({ client, id, me }: { client: BoardClient; id: string; me: string }) {
  const { board, state } = useBoard(client, id, { limit: 25, around: { user: me, radius: 2 } });
  useEffect(() => {
    const seen = AppState.addEventListener("change", (now) => now === "active" && client.nudge());
    return () => seen.remove();
  }, [client]);
  return (
    <View>
      <Text>{state.kind === "live" ? "Live" : state.kind}</Text>
      <FlatList
        data={board.entries}
        keyExtractor={(entry) => entry.user_id}
        renderItem={({ item }) => <Text>{`${item.rank}. ${item.user_name || item.user_id}  ${item.score}`}</Text>}
      />
    </View>
  );
}
