// AWS SDK for JavaScript, version 3, as it is: who is on the second photograph?
//
//   npm install --no-save @aws-sdk/client-rekognition
//   node docs/examples/rekognition.mjs family anna-1.jpg anna-2.jpg
//
// The SDK reads AWS_ENDPOINT_URL_REKOGNITION, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by itself.

import { readFile } from "node:fs/promises";
import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  IndexFacesCommand,
  RekognitionClient,
  ResourceAlreadyExistsException,
  SearchFacesByImageCommand,
  paginateListFaces,
} from "@aws-sdk/client-rekognition";

const [CollectionId, first, second] = process.argv.slice(2);
const client = new RekognitionClient();
const there = { CollectionId };

await client.send(new CreateCollectionCommand(there));
try {
  await client.send(new CreateCollectionCommand(there));
} catch (error) {
  // Errors are the classes of the SDK, and say in words what is wrong.
  if (!(error instanceof ResourceAlreadyExistsException)) throw error;
}

const Bytes = await readFile(first);
await client.send(new IndexFacesCommand({ ...there, Image: { Bytes }, ExternalImageId: "anna" }));

let count = 0;
for await (const page of paginateListFaces({ client, pageSize: 1 }, there)) count += page.Faces.length;

const probe = { Bytes: await readFile(second) };
const { FaceMatches } = await client.send(new SearchFacesByImageCommand({ ...there, Image: probe }));
const found = FaceMatches.map(({ Similarity, Face }) => ({ id: Face.ExternalImageId, similarity: Similarity }));

await client.send(new DeleteCollectionCommand(there));
console.log(JSON.stringify({ count, found }));
