/*
 * The settings of the page in its address, after the #, which a browser sends nowhere.
 *
 * An address comes from outside: each value must be one of those that the page could have written,
 * or nothing of it is used.
 */
"use strict";

const link = {
  START: "#try=1",

  /** The part of an address for {picture, size, strokes or hole, fill, before}. */
  write({ picture, size, strokes, hole, fill, before }) {
    const shape = strokes === null ? `size=${size}&hole=${holes.encode(hole)}` : `strokes=${strokes}`;
    return `${link.START}&picture=${picture}&fill=${fill}&before=${before}&${shape}`;
  },

  /**
   * The settings in an address: null where it holds none, and otherwise {picture, fill, before} and
   * either {strokes} or {hole, size}; `known` lists the {pictures, fills, befores} that there are.
   * Throws an Error that names the part that cannot be read.
   */
  read(address, known) {
    if (!address.startsWith(link.START)) return null;
    if (address.length > 30000) throw new Error("it is too long");
    const parts = address.slice(1).split("&").map((part) => part.split("="));
    const given = new Map(parts);
    if (given.size !== parts.length || parts.some((part) => part.length !== 2)) {
      throw new Error("a part of it is there twice or has no value");
    }
    const value = (name, check) => {
      const found = check(given.get(name) ?? "");
      if (found === null) throw new Error(`its part “${name}” is missing or has another value`);
      given.delete(name);
      return found;
    };
    const among = (list) => (text) => (list.includes(text) ? text : null);
    const whole = (most) => (text) => (/^\d{1,6}$/.test(text) && Number(text) <= most ? Number(text) : null);
    value("try", among(["1"]));
    const settings = {
      picture: value("picture", among(known.pictures)),
      fill: value("fill", among(known.fills)),
      before: value("before", among(known.befores)),
    };
    if (given.has("strokes")) {
      settings.strokes = value("strokes", whole(999999));
    } else {
      settings.size = value("size", (text) => {
        const size = whole(256)(text);
        return size && size % 32 === 0 ? size : null;
      });
      settings.hole = value("hole", (text) => holes.decode(text, settings.size));
    }
    if (given.size) throw new Error("it has a part that is not known here");
    return settings;
  },
};
