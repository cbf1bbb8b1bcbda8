import { strToU8, unzipSync, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { packProject, projectOf, unpackZip } from './project-file.ts';

it('a project file keeps how its classes are trained on; options of another version are left out', () => {
  const options = { way: 'all', epochs: '12', mirrored: false } as const;
  const classes = [{ name: 'left', images: [] }];
  const packed = packProject({ classes, options });
  expect(projectOf(unpackZip(packed, 'a.zip'), 'a.zip')).toEqual({ classes, options });

  const list = 'harrier-project.json';
  const text = new TextDecoder().decode(unzipSync(packed)[list]);
  const other = zipSync({ [list]: strToU8(text.replace('"all"', '"half"')) });
  expect(projectOf(unpackZip(other, 'a.zip'), 'a.zip')).toEqual({ classes });
});
