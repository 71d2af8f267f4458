// Sends everything that libraries print to stderr, because stdout carries the answers. Must be imported before them.
import { Console } from "node:console";

globalThis.console = new Console(process.stderr, process.stderr);
