/**
 * Data sets that are made in the page, where the server was given a folder for them (`dataFolder` of the state).
 *
 * POST api/new-datasets with NewDatasetRequest begins one, answered with status 201 and `{ id }`.
 *
 * PUT api/new-datasets/:id/image?path= has the bytes of an image file as its body (`application/octet-stream`, at most 64
 * MiB), answered with AddedImage or RefusedImage. `path` is where it lay in what was dropped, such as
 * `photos/train/ants/1.jpg`: its folder is its class. What is no usable image, a copy of another one, or has a name that
 * no file can have, is refused; the others go on. The same image with the same `path` is answered as the first time.
 *
 * POST api/new-datasets/:id/finish makes a data set of it, answered with status 201 and MadeDataset; it is then one of
 * `datasets` of the state. Asked again, it is answered the same. POST api/new-datasets/:id/cancel throws it away.
 */
export interface NewDatasetRequest {
  /** Becomes the name of a folder. */
  readonly name: string;
}

export interface AddedImage {
  /** Its path below the new folder. */
  readonly place: string;
}

export interface RefusedImage {
  /** Why: a sentence. */
  readonly refused: string;
}

export interface MadeDataset {
  /** Of the data set, from now on. */
  readonly id: string;
  readonly images: number;
  readonly classes: number;
}
