// Keeps the reference short: what a class inherits, or overrides without a word of its own, is told of once, with the
// class that it comes from.
import { Converter, ReflectionKind } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      for (const member of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
        const silent = ![member, ...(member.signatures ?? [])].some(
          (each) => each.comment?.summary.length > 0 && !each.overwrites,
        );
        if (member.inheritedFrom || (member.overwrites && silent)) project.removeReflection(member);
      }
    },
    50,
  );
}
