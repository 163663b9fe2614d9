# ruff: noqa: F811, F821


# %% base: resized, then softmax
def predict_image(model, image):
    pixels = np.asarray(image.convert("RGB").resize((32, 32)), dtype=np.float32) / 255
    model.eval()
    logits = model(torch.tensor(pixels.transpose(2, 0, 1))[None])
    p = torch.softmax(logits[0], 0).tolist()
    return ("cat", p[0]) if p[0] > p[1] else ("dog", p[1])


# %% wrong: not divided by 255
# loses 4: not divided by 255
# base: resized, then softmax
# change: ) / 255 => )


# %% wrong: no RGB
# loses 2: stopped with RuntimeError
# base: resized, then softmax
# change: image.convert("RGB").resize => image.resize
# change: model.eval() => pixels = pixels[..., None] if pixels.ndim == 2 else pixels \n model.eval()


# %% wrong: names swapped
# loses 4: names have changed places
# base: resized, then softmax
# change: ("cat", p[0]) => ("dog", p[0])
# change: ("dog", p[1]) => ("cat", p[1])


# %% wrong: the logit
# loses 4: softmax is missing
def predict_image(model, image):
    pixels = np.asarray(image.convert("RGB").resize((32, 32)), dtype=np.float32) / 255
    model.eval()
    logits = model(torch.tensor(pixels.transpose(2, 0, 1))[None])[0].tolist()
    return ("cat", logits[0]) if logits[0] > logits[1] else ("dog", logits[1])


# %% wrong: red and blue swapped
# loses 3.5: Red and blue have changed places
# base: resized, then softmax
# change: float32) => float32)[..., ::-1]
# change: (2, 0, 1) => (2, 0, 1).copy()


# %% wrong: still training
# loses 0.5: left in training mode
# base: resized, then softmax
# change: model.eval() \n logits = model( => logits = model(


# %% wrong: the middle, cut out
# loses 2.25: Only the middle of the picture
def predict_image(model, image):
    image = image.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((32, 32))
    pixels = np.asarray(image, dtype=np.float32) / 255
    model.eval()
    logits = model(torch.tensor(pixels.transpose(2, 0, 1))[None])
    p = torch.softmax(logits[0], 0).tolist()
    return ("cat", p[0]) if p[0] > p[1] else ("dog", p[1])


# %% wrong: a thumbnail of the picture itself
# loses 0.25: thumbnail() changes it
# base: resized, then softmax
# change: pixels = np.asarray(image => image.thumbnail((256, 256)) \n pixels = np.asarray(image


# %% right: resized by PyTorch
def predict_image(model, image):
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float()[None] / 255
    pixels = nn.functional.interpolate(pixels, size=(32, 32), mode="bilinear", antialias=True)
    model.eval()
    with torch.inference_mode():
        log_p = model(pixels).log_softmax(1)[0]
    best = log_p.argmax().item()
    return ["cat", "dog"][best], log_p[best].exp().item()


# %% right: nearest pixels
def predict_image(model, image):
    pixels = np.array(image.convert("RGB"))
    rows = (np.arange(32) + 0.5) * len(pixels) / 32
    columns = (np.arange(32) + 0.5) * pixels.shape[1] / 32
    small = pixels[rows.astype(int)][:, columns.astype(int)] / 255.0
    model.eval()
    logits = model(torch.tensor(np.moveaxis(small, -1, 0)[None], dtype=torch.float32))
    logits = logits.detach().numpy()[0]
    powers = np.exp(logits - logits.max())
    p = powers / powers.sum()
    return ("cat", "dog")[int(np.argmax(p))], p.max()


# %% right: a sigmoid of the difference
def predict_image(model, image):
    from PIL import Image

    small = image.convert("RGB").resize((32, 32), Image.Resampling.LANCZOS)
    batch = torch.stack([torch.tensor(list(band.getdata())).reshape(32, 32) / 255 for band in small.split()])
    model.train(False)
    cat, dog = model(batch.unsqueeze(0)).squeeze(0).tolist()
    p = 1 / (1 + np.exp(cat - dog))
    return ("dog", float(p)) if p > 0.5 else ("cat", float(1 - p))


# %% right: a box filter, after the resize the colours
def predict_image(model, image):
    from PIL import Image

    copied = image.copy()
    if copied.mode == "P":
        copied = copied.convert("RGBA")
    copied = copied.resize((32, 32), Image.Resampling.BOX).convert("RGB")
    x = torch.tensor(np.array(copied) / 255, dtype=torch.float32)
    model = model.eval()
    p = model(torch.einsum("hwc->chw", x)[None]).softmax(dim=-1).flatten()
    value, index = p.max(0)
    return {0: "cat", 1: "dog"}[int(index)], value


# %% wrong: a sigmoid of each logit
# loses 4: the number is not its probability
# base: resized, then softmax
# change: torch.softmax(logits[0], 0) => torch.sigmoid(logits[0])


# %% wrong: divided by its own brightest value
# loses 3.5: the number is not its probability
# base: resized, then softmax
# change: / 255 => / 255 \n pixels = pixels / pixels.max()
