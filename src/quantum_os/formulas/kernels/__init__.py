"""The recursive computations over bars, with explicit state: one bar live, blocks in a replay."""
